"""La forme d'une attestation: ce qui se signe, ce qui se garde en JSON, ce qui tient dans un code.

Le contenu signe est un JSON canonique, plat. Le jeton du code QR dit la meme chose en peu de
place: la liste des valeurs sans leurs noms, puis la signature, en base 32, que les codes QR
ecrivent le plus court. Lire est strict: un contenu n'a qu'un jeton, un jeton qu'une ecriture.
"""

import json
from base64 import b32decode, b32encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from controle import forme
from controle.attestation import Attestation, Cote, Genre, Interruption
from controle.forme import FormeIllisible
from controle.qualification import Motif

#: La seconde dit aussi les pauses; la premiere se lit et se verifie toujours.
FORMATS = {1: "telecontrole-attestation/1", 2: "telecontrole-attestation/2"}
FORMAT = FORMATS[2]
_SIGNATURE = 64
#: Le plus long jeton que l'on lise: trois fois le plus long que l'on ecrive.
JETON_MAX = 4_096
_TEXTE_MAX = 200
_AN_MIN = datetime(2020, 1, 1, tzinfo=UTC)
_ORIGINE = datetime(1970, 1, 1, tzinfo=UTC)

#: Chaque valeur, dans l'ordre du jeton: t texte, n entier, d la date dont les instants (i) sont
#: comptes en secondes, h empreinte, l interruptions; « ? » peut manquer.
CHAMPS: tuple[tuple[str, str], ...] = (
    ("genre", "t"),
    ("caisse", "t"),
    ("assure", "t"),
    ("code", "t"),
    ("debut", "d"),
    ("fuseau", "t"),
    ("minutes", "n"),
    ("essai", "i?"),
    ("arrivee", "i?"),
    ("attente_de", "i?"),
    ("attente_a", "i?"),
    ("attente", "n"),
    ("admission", "i?"),
    ("ensemble", "n"),
    ("interruptions", "n"),
    ("interruptions_duree", "n"),
    ("interruptions_dites", "l"),
    ("fin", "i?"),
    ("medecin_arrivee", "i?"),
    ("medecin_duree", "n"),
    ("medecin_retard", "n?"),
    ("cote", "t?"),
    ("motif", "t"),
    ("observe", "i"),
    ("chaine_seq", "n"),
    ("chaine_tete", "h"),
    ("emise", "i"),
    ("cle", "t"),
    ("pause", "n"),
)
_CHAMPS_DE = {1: CHAMPS[:-1], 2: CHAMPS}
_VERSION_DE = {nom: version for version, nom in FORMATS.items()}


@dataclass(frozen=True)
class AttestationSignee:
    """Une attestation et sa signature Ed25519, 64 octets."""

    attestation: Attestation
    signature: bytes

    def en_dict(self) -> dict[str, object]:
        """Le document JSON."""
        return contenu(self.attestation) | {"signature": _b64(self.signature)}

    def jeton(self) -> str:
        """Ce que le code QR porte apres « # »."""
        return ecrire_jeton(contenu(self.attestation), self.signature)

    def empreinte(self) -> str:
        """Ce que la chaine en retient: de la signature, pas du contenu. Qui a le releve seul ne
        peut pas y essayer des noms."""
        return forme.empreinte(f"{format_de(self.attestation)}-delivree", self.signature)


def contenu(attestation: Attestation) -> dict[str, object]:
    """Ce qui est signe, en valeurs JSON."""
    version = _version(attestation)
    valeurs = {nom: _valeur(getattr(attestation, nom)) for nom, _ in _CHAMPS_DE[version]}
    return {"format": FORMATS[version], **valeurs}


def format_de(attestation: Attestation) -> str:
    """Celui sous lequel elle est signee."""
    return FORMATS[_version(attestation)]


def _version(attestation: Attestation) -> int:
    return 1 if attestation.pause is None else 2


def octets_a_signer(contenu: Mapping[str, object]) -> bytes:
    """Les octets de la signature, prefixes pour ne servir a rien d'autre."""
    return str(contenu["format"]).encode() + b"\n" + forme.canonique(contenu)


def _valeur(valeur: Any) -> object:
    if isinstance(valeur, datetime):
        return _ecrire_instant(valeur)
    if isinstance(valeur, tuple):
        return [{"de": _valeur(i.de), "a": _valeur(i.a), "cote": str(i.cote)} for i in valeur]
    return str(valeur) if isinstance(valeur, (Genre, Cote, Motif)) else valeur


def _ecrire_instant(instant: datetime) -> str:
    """A la seconde, en UTC."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# --- le JSON relu -------------------------------------------------------------------------------


def lire_document(valeur: object) -> AttestationSignee:
    """Le document JSON relu, strictement.

    :raises FormeIllisible: autre chose, ou quelque chose de plus.
    """
    dit = valeur.get("format") if isinstance(valeur, dict) else None
    champs = _CHAMPS_DE.get(_VERSION_DE.get(dit, 0) if isinstance(dit, str) else 0)
    if champs is None:
        raise FormeIllisible
    noms = frozenset(nom for nom, _ in champs)
    objet = forme.lire_objet(valeur, noms | {"format", "signature"})
    signature = _lire_b64(objet["signature"])
    if len(signature) != _SIGNATURE:
        raise FormeIllisible
    return AttestationSignee(_lire(objet, champs), signature)


def _lire(objet: Mapping[str, object], champs: Sequence[tuple[str, str]]) -> Attestation:
    lues = {nom: _lire_valeur(genre, objet[nom]) for nom, genre in champs}
    try:
        ZoneInfo(lues["fuseau"])
        lues["genre"], lues["motif"] = Genre(lues["genre"]), Motif(lues["motif"])
        lues["cote"] = Cote(lues["cote"]) if lues["cote"] is not None else None
    except (ValueError, OSError, KeyError) as erreur:
        raise FormeIllisible from erreur
    return Attestation(**lues)


def _lire_valeur(genre: str, valeur: object) -> Any:
    if genre.endswith("?") and valeur is None:
        return None
    return _LIRE[genre[0]](valeur)


def _lire_instant(valeur: object) -> datetime:
    texte = forme.lire_texte(valeur, 20)
    try:
        instant = datetime.strptime(texte, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as erreur:
        raise FormeIllisible from erreur
    if _ecrire_instant(instant) != texte or instant < _AN_MIN:
        raise FormeIllisible
    return instant


def _lire_interruptions(valeur: object) -> tuple[Interruption, ...]:
    if not isinstance(valeur, list) or len(valeur) > 16:
        raise FormeIllisible
    return tuple(_lire_interruption(une) for une in valeur)


def _lire_interruption(valeur: object) -> Interruption:
    objet = forme.lire_objet(valeur, frozenset({"de", "a", "cote"}))
    fin = objet["a"]
    try:
        cote = Cote(forme.lire_texte(objet["cote"], 16))
    except ValueError as erreur:
        raise FormeIllisible from erreur
    return Interruption(
        _lire_instant(objet["de"]), None if fin is None else _lire_instant(fin), cote
    )


_LIRE: dict[str, Any] = {
    "t": lambda valeur: forme.lire_texte(valeur, _TEXTE_MAX),
    "n": forme.lire_entier,
    "d": _lire_instant,
    "i": _lire_instant,
    "h": forme.lire_hex,
    "l": _lire_interruptions,
}


# --- le jeton -----------------------------------------------------------------------------------


def ecrire_jeton(contenu: Mapping[str, Any], signature: bytes) -> str:
    """Les valeurs et la signature, en base 32 sans remplissage."""
    debut = _lire_instant(contenu["debut"])
    version = _VERSION_DE[contenu["format"]]
    champs = _CHAMPS_DE[version]
    valeurs = [version, *(_serrer(genre, contenu[nom], debut) for nom, genre in champs)]
    texte = json.dumps(valeurs, ensure_ascii=False, separators=(",", ":"))
    return b32encode(texte.encode() + signature).rstrip(b"=").decode()


def lire_jeton(jeton: str) -> AttestationSignee:
    """L'attestation d'un jeton, pas encore verifiee.

    :raises FormeIllisible: ce n'en est pas un, ou il est ecrit autrement qu'on ne l'ecrit.
    """
    octets = _lire_b32(jeton)
    try:
        valeurs = json.loads(octets[:-_SIGNATURE].decode())
    except (ValueError, RecursionError) as erreur:
        raise FormeIllisible from erreur
    version = valeurs[0] if isinstance(valeurs, list) and valeurs else 0
    champs = _CHAMPS_DE.get(version) if type(version) is int else None
    if champs is None or len(valeurs) != len(champs) + 1:
        raise FormeIllisible
    debut = _depuis(valeurs[1 + [nom for nom, _ in champs].index("debut")], 0)
    objet = {
        nom: _desserrer(genre, valeur, debut)
        for (nom, genre), valeur in zip(champs, valeurs[1:], strict=True)
    }
    lue = AttestationSignee(_lire(objet, champs), octets[-_SIGNATURE:])
    if lue.jeton() != jeton:
        raise FormeIllisible
    return lue


def _serrer(genre: str, valeur: Any, debut: datetime) -> object:
    if valeur is None:
        return None
    if genre[0] == "d":
        return int(debut.timestamp())
    if genre[0] == "i":
        return int((_lire_instant(valeur) - debut).total_seconds())
    if genre == "h":
        return _b64(bytes.fromhex(valeur))
    if genre == "l":
        return [
            [_serrer("i", une["de"], debut), _serrer("i?", une["a"], debut), une["cote"]]
            for une in valeur
        ]
    return valeur


def _desserrer(genre: str, valeur: Any, debut: int) -> object:
    if valeur is None:
        return None
    if genre[0] == "d":
        return _instant(valeur, 0)
    if genre[0] == "i":
        return _instant(valeur, debut)
    if genre == "h":
        return _lire_b64(valeur).hex()
    if genre == "l":
        return [_desserrer_une(une, debut) for une in valeur] if isinstance(valeur, list) else None
    return valeur


def _desserrer_une(une: Any, debut: int) -> object:
    if not isinstance(une, list) or len(une) != 3:
        raise FormeIllisible
    de, a, cote = une
    fin = None if a is None else _instant(a, debut)
    return {"de": _instant(de, debut), "a": fin, "cote": cote}


def _depuis(secondes: object, debut: int) -> int:
    return forme.lire_entier(secondes, minimum=-forme.ENTIER_MAX) + debut


def _instant(secondes: object, debut: int) -> str:
    try:
        return _ecrire_instant(_ORIGINE + timedelta(seconds=_depuis(secondes, debut)))
    except OverflowError as erreur:
        raise FormeIllisible from erreur


def _lire_b32(jeton: str) -> bytes:
    if not jeton.isascii() or len(jeton) > JETON_MAX:
        raise FormeIllisible
    try:
        octets = b32decode(jeton + "=" * (-len(jeton) % 8))
    except ValueError as erreur:
        raise FormeIllisible from erreur
    if len(octets) <= _SIGNATURE:
        raise FormeIllisible
    return octets


def _b64(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def _lire_b64(valeur: object) -> bytes:
    texte = forme.lire_texte(valeur, 128)
    try:
        octets = urlsafe_b64decode(texte.encode("ascii") + b"=" * (-len(texte) % 4))
    except ValueError as erreur:
        raise FormeIllisible from erreur
    if _b64(octets) != texte:
        raise FormeIllisible
    return octets
