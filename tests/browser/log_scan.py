"""What a log must not hold: read after every test of the browser, at the level « debug »."""

import re
from typing import Any

#: Like server/logs.py, but of our own making: what a log writer forgot is found by another.
SHAPES = {
    "mail address": r"[\w.+-]+@[\w-]+\.[a-z]{2,}",
    "phone number": r"(?<![\w.:-])(?:\+|00)?(?:33|262|596)?[ .]?0?[67](?:[ .-]?\d\d){4}(?![\w-])",
    "token": r"\beyJ[\w-]{8,}",
    "description": r"a=(?:fingerprint|ice-ufrag|ice-pwd)|\bcandidate:\S+ \d udp",
    "address": r"(?<![\d.])(?!127\.0\.0\.1|0\.0\.0\.0)(?:\d{1,3}\.){3}\d{1,3}(?![\d.])",
    "medical word": r"(?i)d[ée]pressi|maladie|invalidit|arr[êe]t[ _]|consolidation|pathologi"
    r"|diagnosti|ordonnance|certificat m[ée]dical|at_mp",
    "statement with values": r"VALUES \('|parameters: \(",
}


def secrets_of(ready: dict[str, Any]) -> dict[str, str]:
    """Every name, code, link and login that the demo shows."""
    found: dict[str, str] = {}
    for one in ready["telecontroles"]:
        found[one["lien"].rpartition("#")[2]] = "link"
        found[one["assure"].split()[-1]] = "name of an assuré"
        found[one["medecin"].split()[-1]] = "name of a médecin-conseil"
    for one in (*ready["medecins"], *ready.get("agents", ())):
        found[one["connexion"].rpartition("#")[2]] = "login"
    return {secret: kind for secret, kind in found.items() if len(secret) > 3}


def found_in(log: str, ready: dict[str, Any]) -> list[str]:
    """What should not be there, by its kind and the event of its line; never the thing itself."""
    wrong = []
    for line in log.splitlines():
        kinds = [kind for secret, kind in secrets_of(ready).items() if secret in line]
        kinds += [kind for kind, shape in SHAPES.items() if re.search(shape, line)]
        wrong += [f"{kind}: {line[:80]}" for kind in kinds]
    # The codes are six digits: a port or a count may be the same, so only as a word of its own.
    for one in ready["telecontroles"]:
        if re.search(rf"(?<![\d.:])\b{one['code']}\b(?!\d)", log):
            wrong.append("code")
    return wrong
