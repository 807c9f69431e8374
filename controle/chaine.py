"""La chaine: chaque ligne porte l'empreinte de la precedente, un sceau signe la derniere."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from controle import forme
from controle.presence import SERVICE, TIERS, Detail, Fait, GenreFait, Role, Source

_DOMAINE_GENESE = "telecontrole-genese/1"
_DOMAINE_LIGNE = "telecontrole-ligne/1"
_DOMAINE_SCEAU = b"telecontrole-sceau/1\n"

Mot = TypeVar("Mot", bound=StrEnum)

#: Le numero et l'empreinte de la derniere ligne.
Tete = tuple[int, str]

_CLES_FAIT = frozenset(
    {"genre", "instant", "monotone", "execution", "role", "source", "details"},
)
_CLES_LIGNE = frozenset({"seq", "telecontrole", "fait", "precedent", "empreinte"})
_CLES_SCEAU = frozenset(
    {"telecontrole", "longueur", "tete", "instant", "motif", "cle", "signature"}
)
_GENRES: dict[str, GenreFait] = {genre.value: genre for genre in GenreFait}
_SOURCES: dict[str, Source] = {source.value: source for source in Source}
_ROLES = frozenset({None, SERVICE, TIERS, *(role.value for role in Role)})


class MotifSceau(StrEnum):
    """Pourquoi la chaine a ete scellee a ce moment."""

    FIN = "fin"
    ISSUE = "issue"
    EXPORT = "export"
    MINUTE = "minute"


@dataclass(frozen=True)
class Ligne:
    """Un fait a sa place dans la chaine d'un telecontrole; `seq` part de 1."""

    seq: int
    telecontrole: str
    fait: Fait
    precedent: str
    empreinte: str

    @property
    def tete(self) -> Tete:
        """Ce que la ligne suivante doit connaitre de celle-ci."""
        return self.seq, self.empreinte

    def en_dict(self) -> dict[str, object]:
        """La ligne telle qu'elle s'exporte."""
        fait = fait_en_dict(self.fait)
        contenu = _contenu(self.seq, self.telecontrole, fait, self.precedent)
        return contenu | {"empreinte": self.empreinte}

    @classmethod
    def depuis_dict(cls, valeur: object) -> "Ligne":
        """La ligne relue; refuse (`FormeIllisible`) tout ce qui n'a pas exactement sa forme."""
        objet = forme.lire_objet(valeur, _CLES_LIGNE)
        return cls(
            seq=forme.lire_entier(objet["seq"], minimum=1),
            telecontrole=forme.lire_texte(objet["telecontrole"]),
            fait=fait_depuis_dict(objet["fait"]),
            precedent=forme.lire_hex(objet["precedent"]),
            empreinte=forme.lire_hex(objet["empreinte"]),
        )

    def recalculer(self) -> str:
        """L'empreinte que cette ligne devrait porter."""
        return _empreinte(self.seq, self.telecontrole, self.fait, self.precedent)


@dataclass(frozen=True)
class Sceau:
    """La signature de la tete d'une chaine. `signature` est en base64url, sans remplissage."""

    telecontrole: str
    longueur: int
    tete: str
    instant: datetime
    motif: str
    cle: str
    signature: str

    def octets(self) -> bytes:
        """Ce que la signature couvre."""
        return octets_a_signer(
            self.telecontrole, self.longueur, self.tete, self.instant, self.motif
        )

    def en_dict(self) -> dict[str, object]:
        """Le sceau tel qu'il s'exporte."""
        return {
            "telecontrole": self.telecontrole,
            "longueur": self.longueur,
            "tete": self.tete,
            "instant": forme.ecrire_instant(self.instant),
            "motif": self.motif,
            "cle": self.cle,
            "signature": self.signature,
        }

    @classmethod
    def depuis_dict(cls, valeur: object) -> "Sceau":
        """Le sceau relu, aussi strictement qu'une ligne."""
        objet = forme.lire_objet(valeur, _CLES_SCEAU)
        return cls(
            telecontrole=forme.lire_texte(objet["telecontrole"]),
            longueur=forme.lire_entier(objet["longueur"]),
            tete=forme.lire_hex(objet["tete"]),
            instant=forme.lire_instant(objet["instant"]),
            motif=forme.lire_texte(objet["motif"], 32),
            cle=forme.lire_texte(objet["cle"], 256),
            signature=forme.lire_texte(objet["signature"]),
        )


def genese(telecontrole: str) -> str:
    """Le `precedent` de la premiere ligne: propre a ce telecontrole."""
    return forme.empreinte(_DOMAINE_GENESE, telecontrole.encode())


def chainer(telecontrole: str, tete: Tete | None, fait: Fait) -> Ligne:
    """La ligne qui inscrit ce fait apres `tete` (None: la chaine commence).

    Ce qui ne pourrait pas etre relu n'est pas inscrit (`FormeIllisible`).
    """
    return chainer_et_ecrire(telecontrole, tete, fait)[0]


def chainer_et_ecrire(telecontrole: str, tete: Tete | None, fait: Fait) -> tuple[Ligne, str]:
    """Cette ligne, et son texte tel qu'il se garde: les octets de l'empreinte, ecrits une fois,
    et l'empreinte devant eux."""
    objet = fait_en_dict(fait)
    # Lu strictement, il s'ecrirait de meme: l'empreinte peut se prendre sur l'objet.
    fait = fait_depuis_dict(objet)
    seq, precedent = tete or (0, genese(telecontrole))
    contenu = forme.ecrire(_contenu(seq + 1, telecontrole, objet, precedent))
    empreinte = forme.empreinte(_DOMAINE_LIGNE, contenu.encode())
    ligne = Ligne(seq + 1, telecontrole, fait, precedent, empreinte)
    return ligne, f'{{"empreinte":"{empreinte}",{contenu[1:]}'


def octets_a_signer(
    telecontrole: str, longueur: int, tete: str, instant: datetime, motif: str
) -> bytes:
    """Ce qu'un sceau signe, prefixe pour ne servir a rien d'autre."""
    return _DOMAINE_SCEAU + forme.canonique(
        {
            "telecontrole": telecontrole,
            "longueur": longueur,
            "tete": tete,
            "instant": forme.ecrire_instant(instant),
            "motif": motif,
        }
    )


def fait_en_dict(fait: Fait) -> dict[str, object]:
    """Le fait tel qu'il s'exporte."""
    return {
        "genre": str(fait.genre),
        "instant": forme.ecrire_instant(fait.instant),
        "monotone": forme.ecrire_secondes(fait.monotone),
        "execution": fait.execution,
        "role": None if fait.role is None else str(fait.role),
        "source": str(fait.source),
        "details": dict(fait.details),
    }


def fait_depuis_dict(valeur: object) -> Fait:
    """Le fait relu, strictement."""
    objet = forme.lire_objet(valeur, _CLES_FAIT)
    role = objet["role"]
    if role is not None and (not isinstance(role, str) or role not in _ROLES):
        raise forme.FormeIllisible
    return Fait(
        genre=_lire_mot(_GENRES, objet["genre"]),
        instant=forme.lire_instant(objet["instant"]),
        monotone=forme.lire_secondes(objet["monotone"]),
        execution=forme.lire_texte(objet["execution"], 128),
        role=role,
        source=_lire_mot(_SOURCES, objet["source"]),
        details=_lire_details(objet["details"]),
    )


def _lire_mot(mots: Mapping[str, Mot], valeur: object) -> Mot:
    mot = mots.get(valeur) if isinstance(valeur, str) else None
    if mot is None:
        raise forme.FormeIllisible
    return mot


def _lire_details(valeur: object) -> dict[str, Detail]:
    if not isinstance(valeur, Mapping) or len(valeur) > 64:
        raise forme.FormeIllisible
    return {forme.lire_texte(cle, 64): _lire_detail(detail) for cle, detail in valeur.items()}


def _lire_detail(valeur: object) -> Detail:
    if valeur is None or isinstance(valeur, bool):
        return valeur
    if isinstance(valeur, int):
        return forme.lire_entier(valeur, minimum=-forme.ENTIER_MAX)
    return forme.lire_texte(valeur)


def _contenu(
    seq: int, telecontrole: str, fait: Mapping[str, object], precedent: str
) -> dict[str, object]:
    return {"seq": seq, "telecontrole": telecontrole, "fait": fait, "precedent": precedent}


def _empreinte(seq: int, telecontrole: str, fait: Fait, precedent: str) -> str:
    contenu = forme.canonique(_contenu(seq, telecontrole, fait_en_dict(fait), precedent))
    return forme.empreinte(_DOMAINE_LIGNE, contenu)
