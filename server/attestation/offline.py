"""`telecontrole verify` for an attestation: the document and the published keys, nothing else."""

import json
import sys
from pathlib import Path

from certs.jwk import JwksRefused, public_keys_from_jwks
from controle.attestation_mots import PHRASES, TITRES, lignes

from .verifying import MAX_BYTES, judge_file

#: What only an attestation begins with or holds; a record of presence has none of them.
SIGNS = (b'"telecontrole-attestation/', b"/attestation#")
COMPARE = "Seules ces lignes sont signées : comparez-les avec le document."


def recognises(file: Path) -> bool:
    """Whether this is for us; what cannot be read is not."""
    try:
        if file.stat().st_size > MAX_BYTES:
            return False
        content = file.read_bytes()
    except OSError:
        return False
    return content.startswith(b"%PDF-") or any(sign in content for sign in SIGNS)


def verify(file: Path, keys: Path | None) -> int:
    """Exit status: 0 genuine, 1 not, 2 nothing could be said."""
    if keys is None:
        return _complain("donnez --keys, les clés publiées (/.well-known/sceaux.json).")
    try:
        content = file.read_bytes()
        published = public_keys_from_jwks(json.loads(keys.read_bytes()))
    except (OSError, ValueError, RecursionError, JwksRefused) as wrong:
        return _complain(f"Illisible : {wrong}")
    verdict = judge_file(content, published.get)
    _say("Authentique." if not verdict.reason else f"Non vérifiée. {verdict.reason}")
    if verdict.signed is not None:
        une = verdict.signed.attestation
        _say(f"\n{TITRES[une.genre]}\n{PHRASES[une.genre]}\n")
        for what, said in lignes(une):
            _say(f"  {what} : {said}")
        _say(f"\n{COMPARE}")
    return 1 if verdict.reason else 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _complain(text: str) -> int:
    sys.stderr.write(f"telecontrole: {text}\n")
    return 2
