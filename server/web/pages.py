"""The browser client as it is in web-client/: read once, compressed once, cached for good.

Every file's URL carries the hash of them all, so that a new version is a new URL and an old one
may be kept for ever.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import brotli
import msgspec
from aiohttp import web

from certs.files import write_atomically

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "web-client"
#: socket.io-client's own build for browsers, from its npm package.
SOCKET_IO = ROOT / "node_modules" / "socket.io-client" / "dist" / "socket.io.esm.min.js"

CLIENT_VERSION = web.AppKey("client_version", str)
SERVED = (".js", ".css", ".svg", ".html")
#: The pages that open from here, and at which address.
PAGES = {
    "/": "accueil.html",
    "/rdv": "assure.html",
    "/console": "console.html",
    "/agent": "agent.html",
    "/verifier": "verifier.html",
    "/attestation": "attestation.html",
    "/tiers": "tiers.html",
}
PLACEHOLDER = b"/static/@@/"
TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".html": "text/html",
}


class ClientMissing(Exception):
    """A file of the browser client is not there; `make setup` brings it."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file in its three encodings."""

    type: str
    plain: bytes
    gzip: bytes
    brotli: bytes

    def response(self, accepted: str, cache: str) -> web.Response:
        """The smallest encoding that the browser takes."""
        encodings = [part.split(";")[0].strip() for part in accepted.split(",") if wants(part)]
        headers = {"Cache-Control": cache, "Vary": "Accept-Encoding"}
        content = self.plain
        for name, encoded in (("br", self.brotli), ("gzip", self.gzip)):
            if name in encodings:
                headers["Content-Encoding"] = name
                content = encoded
                break
        return web.Response(body=content, content_type=self.type, charset="utf-8", headers=headers)


class Pressed(msgspec.Struct, frozen=True):
    """What a file becomes; by the hash of what it was."""

    gzip: bytes
    brotli: bytes


def asset(name: str, content: bytes, pressed: Mapping[str, Pressed]) -> Asset:
    kind = TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "text/plain"
    small = pressed.get(hashlib.sha256(content).hexdigest()) or press(content)
    return Asset(kind, content, small.gzip, small.brotli)


@cache
def press(content: bytes) -> Pressed:
    return Pressed(gzip.compress(content, 9, mtime=0), brotli.compress(content))


def kept_in(file: Path | None) -> dict[str, Pressed]:
    """Compressed at an earlier start: a restart is a second of work shorter, and two browsers in
    a call on a small machine feel that second."""
    if file is None:
        return {}
    try:
        return msgspec.msgpack.decode(file.read_bytes(), type=dict[str, Pressed])
    except (OSError, msgspec.MsgspecError):
        return {}


class Client:
    """The whole browser client in memory (some 200 kB); `kept`: where its compressed form is."""

    def __init__(
        self, client: Path = CLIENT, socket_io: Path = SOCKET_IO, kept: Path | None = None
    ) -> None:
        files = {
            path.name: path.read_bytes()
            for path in sorted(client.iterdir())
            if path.suffix in SERVED
        }
        if not socket_io.exists():
            raise ClientMissing(str(socket_io))
        # The source map's address would be a request that fails.
        files["socket.io.js"] = socket_io.read_bytes().split(b"//# sourceMappingURL")[0]
        self.version = digest(files)
        base = f"/static/{self.version}/".encode()
        pressed = kept_in(kept)
        self.pages: Mapping[str, Asset] = {
            address: asset(name, files[name].replace(PLACEHOLDER, base), pressed)
            for address, name in PAGES.items()
            if name in files
        }
        self.assets: Mapping[str, Asset] = {
            name: asset(name, content, pressed)
            for name, content in files.items()
            if not name.endswith(".html")
        }

        if kept is not None:
            self._keep(kept, pressed)

    def _keep(self, file: Path, known: Mapping[str, Pressed]) -> None:
        """For the next start; a disk that is full is no reason not to start."""
        now = {
            hashlib.sha256(one.plain).hexdigest(): Pressed(one.gzip, one.brotli)
            for one in (*self.pages.values(), *self.assets.values())
        }
        if now.keys() != known.keys():
            with suppress(OSError):
                write_atomically(file, msgspec.msgpack.encode(now))

    def add_routes(self, app: web.Application) -> None:
        app[CLIENT_VERSION] = self.version
        for address in self.pages:
            app.router.add_get(address, self._page)
        app.router.add_get("/static/{version}/{name}", self._asset)
        app.router.add_get("/favicon.ico", self._favicon)

    async def _page(self, request: web.Request) -> web.Response:
        return self.pages[request.path].response(accepted(request), "no-cache")

    async def _asset(self, request: web.Request) -> web.Response:
        found = self.assets.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        # An old page may ask for its old version: it gets today's, but does not keep it.
        mine = request.match_info["version"] == self.version
        cache = "public, max-age=31536000, immutable" if mine else "no-cache"
        return found.response(accepted(request), cache)

    async def _favicon(self, request: web.Request) -> web.Response:
        return self.assets["favicon.svg"].response(accepted(request), "public, max-age=86400")


def wants(part: str) -> bool:
    """« br;q=0 » is a refusal (RFC 9110 §12.4.2)."""
    quality = part.partition(";")[2].strip().lower()
    return not quality.startswith("q=0") or bool(quality.removeprefix("q=0").strip(".0"))


def accepted(request: web.Request) -> str:
    return request.headers.get("Accept-Encoding", "")


def digest(files: Mapping[str, bytes]) -> str:
    whole = hashlib.sha256()
    for name, content in sorted(files.items()):
        whole.update(f"{name}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()[:12]
