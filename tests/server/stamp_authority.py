"""A time-stamping authority of one's own (RFC 3161), by OpenSSL; it can also lie."""

import asyncio
from pathlib import Path
from typing import Self

from aiohttp import web
from aiohttp.test_utils import TestServer

CONFIG = """\
[ req ]
distinguished_name = name
prompt = no
[ name ]
CN = Autorite d'essai
[ root ]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
[ stamp ]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[ tsa ]
default_tsa = one
[ one ]
serial = {folder}/serial
signer_cert = {folder}/stamp.pem
signer_key = {folder}/stamp.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
"""


async def openssl(*arguments: str, given: bytes = b"") -> bytes:
    process = await asyncio.create_subprocess_exec(
        "openssl", *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, said = await process.communicate(given)
    assert process.returncode == 0, said.decode()
    return out


class Authority:
    """Answers on `url`; `mood`: "good", "away" (503), "old" (the same token again), "page"."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.roots = folder / "root.pem"
        self.mood = "good"
        self.asked = 0
        self._last = b""
        app = web.Application()
        app.router.add_post("/", self._stamp)
        self._server = TestServer(app)

    @classmethod
    async def open(cls, folder: Path) -> Self:
        folder.mkdir()
        one = cls(folder)
        config = folder / "openssl.cnf"
        config.write_text(CONFIG.format(folder=folder))
        await one._certify("root", "root", signer=None)
        await one._certify("stamp", "stamp", signer="root")
        await one._server.start_server()
        return one

    async def close(self) -> None:
        await self._server.close()

    @property
    def url(self) -> str:
        return str(self._server.make_url("/"))

    async def _certify(self, name: str, extensions: str, *, signer: str | None) -> None:
        key, request = self.folder / f"{name}.key", self.folder / f"{name}.csr"
        config = str(self.folder / "openssl.cnf")
        await openssl(
            "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out",
            str(request), "-config", config, "-subj", f"/CN=Essai {name}",
        )  # fmt: skip
        by = ["-signkey", str(key)]
        if signer is not None:
            by = [
                "-CA", str(self.folder / f"{signer}.pem"), "-CAkey",
                str(self.folder / f"{signer}.key"), "-CAcreateserial",
            ]  # fmt: skip
        await openssl(
            "x509", "-req", "-in", str(request), "-days", "30", "-sha256", "-extfile", config,
            "-extensions", extensions, "-out", str(self.folder / f"{name}.pem"), *by,
        )  # fmt: skip

    async def _stamp(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.mood == "away":
            return web.Response(status=503)
        if self.mood == "page":
            return web.Response(text="<p>maintenance</p>", content_type="text/html")
        if self.mood != "old" or not self._last:
            query = self.folder / f"{self.asked}.tsq"
            query.write_bytes(await request.read())
            reply = query.with_suffix(".tsr")
            await openssl(
                "ts", "-reply", "-config", str(self.folder / "openssl.cnf"), "-queryfile",
                str(query), "-out", str(reply),
            )  # fmt: skip
            self._last = reply.read_bytes()
        return web.Response(body=self._last, content_type="application/timestamp-reply")
