"""The QR code of an attestation: the verification page's address, all of it in the fragment."""

import io
from typing import Any

import segno

#: Level M: a seventh of it may be folded or stained.
LEVEL = "m"
TITLE = "Code QR : l'adresse de la page de vérification de cette attestation"
#: Bigger codes are hard to scan from paper.
MAX_VERSION = 25


def address(origin: str, token: str) -> str:
    """Where a phone goes; what is behind « # » is sent to nobody (RFC 3986 §3.5)."""
    return f"{origin}/attestation#{token}"


def code(origin: str, token: str) -> segno.QRCode:
    """Two segments: the token's letters and digits take 5.5 bits each, not 8."""
    # segno takes a list of texts, each in the mode that suits it; its stubs know one text only.
    segments: Any = [address(origin, ""), token]
    return segno.make_qr(segments, error=LEVEL, boost_error=False)


def svg(origin: str, token: str) -> str:
    """An inline drawing that scales; black on white also where the page is dark."""
    out = io.BytesIO()
    code(origin, token).save(
        out,
        kind="svg",
        border=4,
        xmldecl=False,
        svgns=True,
        omitsize=True,
        dark="#000",
        light="#fff",
        title=TITLE,
        svgclass="qr",
        lineclass=None,
    )
    return out.getvalue().decode().replace("<svg ", '<svg role="img" ', 1)
