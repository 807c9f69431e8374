"""What every route shares: headers, origin, bodies in and out."""

from datetime import date
from typing import TypeVar

import msgspec
from aiohttp import web

from server.keys import CONFIG

from .errors import BadBody, Forbidden, Handler
from .messages import Body

T = TypeVar("T", bound=Body)

#: Nothing inline, nothing of a third party, no frame, camera and microphone for ourselves alone.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        # A document that the other page handed over is an object of this page alone.
        "img-src 'self' blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), "
        "screen-wake-lock=(self), autoplay=(self), speaker-selection=(self), "
        "clipboard-write=(self), "
        "geolocation=(), payment=(), usb=(), serial=(), midi=(), hid=(), "
        "browsing-topics=()"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@web.middleware
async def only_our_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Nothing changes but by a request of our own pages (CSRF, cross-site WebSocket apart).

    `Sec-Fetch-Site` cannot be forged by a page; `Origin` is there on every cross-site request
    of a browser. A client that is no browser sends neither, and holds no cookie either.
    """
    if request.method in UNSAFE:
        if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            raise Forbidden
        origin = request.headers.get("Origin")
        if origin is not None and origin not in request.app[CONFIG].origins:
            raise Forbidden
        if request.headers.get("Content-Encoding"):
            raise BadBody("Les corps compressés ne sont pas acceptés.")
    return await handler(request)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """`on_response_prepare`: every answer, errors too, carries the policy."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    hsts = int(request.app[CONFIG].hsts.total_seconds())
    response.headers["Strict-Transport-Security"] = f"max-age={hsts}; includeSubDomains"
    if request.path.startswith("/api/"):
        response.headers["Cache-Control"] = "no-store"
    response.headers.pop("Server", None)
    if "Upgrade" in request.headers:
        # Nothing is switched to: what came behind it, up to 64 kB, is held until the connection
        # ends, and 5,000 of them were seen to hold a gigabyte.
        response.force_close()


async def body(request: web.Request, wanted: type[T]) -> T:
    """The JSON body as its type.

    :raises BadBody: not JSON, or not as messages.py says.
    """
    if request.content_type != "application/json":
        raise BadBody("Un corps JSON est attendu.")
    raw = await request.read()
    try:
        return msgspec.json.decode(raw, type=wanted)
    except msgspec.ValidationError as wrong:
        # « Expected `str` matching regex … - at `$.code` »: the field, not what was in it.
        field = str(wrong).rpartition("`$.")[2].strip("`") if "`$." in str(wrong) else None
        raise BadBody("La demande est incomplète ou mal formée.", field) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise BadBody("Un corps JSON est attendu.") from None


def answer(content: Body | msgspec.Struct, status: int = 200) -> web.Response:
    return web.Response(
        status=status, body=msgspec.json.encode(content), content_type="application/json"
    )


def is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
