"""La forme canonique de ce qui est scelle, et la lecture stricte de ce qui revient."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from controle.refus import Refus

#: Au-dela, un entier JSON n'est plus exact partout (RFC 8259, 6).
ENTIER_MAX = 2**53 - 1
TEXTE_MAX = 4096
_HEX = re.compile(r"[0-9a-f]{64}\Z")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}\.[0-9]{6}Z\Z"
)
_SECONDES = re.compile(r"-?(0|[1-9][0-9]{0,14})\.[0-9]{6}\Z")


class FormeIllisible(Refus):
    """Ce qui est lu n'a pas la forme attendue."""

    code = "forme_illisible"
    phrase = "Le relevé n'a pas la forme attendue."


#: Fait une fois: `json.dumps` en ferait un a chaque appel.
_ENCODEUR = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


def ecrire(objet: Mapping[str, object]) -> str:
    """JSON, cles triees, sans espaces: le meme objet donne le meme texte."""
    return _ENCODEUR.encode(objet)


def canonique(objet: Mapping[str, object]) -> bytes:
    """Ce texte en UTF-8: ce qui se signe."""
    return ecrire(objet).encode()


def empreinte(domaine: str, contenu: bytes) -> str:
    """SHA-256 en hexadecimal; `domaine` separe les usages d'une meme fonction."""
    return hashlib.sha256(domaine.encode() + b"\n" + contenu).hexdigest()


def ecrire_instant(instant: datetime) -> str:
    """ISO 8601 en UTC, a la microseconde."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def ecrire_secondes(secondes: float) -> str:
    """Des secondes a la microseconde, en texte: un nombre a virgule n'est pas canonique."""
    return f"{secondes:.6f}"


def lire_objet(valeur: object, cles: frozenset[str]) -> Mapping[str, object]:
    """Un objet qui a ces cles, toutes, et rien d'autre."""
    if not isinstance(valeur, Mapping) or valeur.keys() != cles:
        raise FormeIllisible
    return valeur


def lire_texte(valeur: object, longueur_max: int = TEXTE_MAX) -> str:
    """Un texte borne, qui s'ecrit en UTF-8."""
    if not isinstance(valeur, str) or len(valeur) > longueur_max:
        raise FormeIllisible
    try:
        valeur.encode()
    except UnicodeEncodeError as erreur:
        raise FormeIllisible from erreur
    return valeur


def lire_entier(valeur: object, minimum: int = 0) -> int:
    """Un entier, et pas un booleen, exact partout."""
    if type(valeur) is not int or not minimum <= valeur <= ENTIER_MAX:
        raise FormeIllisible
    return valeur


def lire_hex(valeur: object) -> str:
    """Une empreinte."""
    if not isinstance(valeur, str) or not _HEX.match(valeur):
        raise FormeIllisible
    return valeur


def lire_instant(valeur: object) -> datetime:
    """Un instant ecrit exactement comme `ecrire_instant` l'ecrit."""
    # Sous cette forme, un instant n'a qu'une ecriture: il n'y a pas a le reecrire.
    if not isinstance(valeur, str) or not _INSTANT.match(valeur):
        raise FormeIllisible
    try:
        return datetime.fromisoformat(valeur)
    except ValueError as erreur:
        raise FormeIllisible from erreur


def lire_secondes(valeur: object) -> float:
    """Des secondes ecrites exactement comme `ecrire_secondes` les ecrit."""
    if not isinstance(valeur, str) or not _SECONDES.match(valeur):
        raise FormeIllisible
    secondes = float(valeur)
    if ecrire_secondes(secondes) != valeur:
        raise FormeIllisible
    return secondes
