"""L'examen d'une chaine dans le registre lui-meme: ses lignes, leurs marques, ses sceaux, ce que
les tetes en ont atteste, les issues qu'elle annonce. Nomme la premiere ligne en cause."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controle.chaine import Ligne, Sceau, genese
from controle.presence import GenreFait
from controle.temoignage import Constat, Jalon
from controle.verification import SignatureValide, lire_signature

#: Ce qui se scelle aussitot.
SCELLES = frozenset({GenreFait.FIN, GenreFait.ISSUE_ENREGISTREE})


@dataclass(frozen=True, slots=True)
class Inscrite:
    """Une ligne comme le registre la garde. `ligne` est None si elle ne se lit pas; `marque` dit
    si sa marque est celle d'une cle du service (None: sans les cles, nul ne le sait)."""

    ligne: Ligne | None
    marque: bool | None


@dataclass(frozen=True)
class Chaine:
    """Une chaine et ce qui l'accompagne. `sceaux`: None pour un sceau illisible; `issues`: par
    version, l'empreinte de l'issue gardee."""

    telecontrole: str
    inscrites: Sequence[Inscrite]
    jalons: Sequence[Jalon]
    sceaux: Sequence[Sceau | None]
    issues: Mapping[int, str]

    def tete(self, longueur: int) -> str:
        """L'empreinte a cette longueur (vide: illisible)."""
        if longueur == 0:
            return genese(self.telecontrole)
        ligne = self.inscrites[longueur - 1].ligne
        return "" if ligne is None else ligne.empreinte


def examiner(chaine: Chaine, signature_valide: SignatureValide) -> Constat | None:
    """La premiere chose qui ne va pas, dans l'ordre ou elle se nomme le mieux."""
    return (
        _lignes(chaine) or _jalons(chaine) or _sceaux(chaine, signature_valide) or _issues(chaine)
    )


def _constat(chaine: Chaine, numero: int, raison: str) -> Constat:
    return Constat(f"Télécontrôle {chaine.telecontrole}, ligne {numero}", raison)


def _lignes(chaine: Chaine) -> Constat | None:
    for numero, inscrite in enumerate(chaine.inscrites, start=1):
        reproche = _reproche(chaine, numero, inscrite)
        if reproche:
            return _constat(chaine, numero, reproche)
    return None


def _reproche(chaine: Chaine, numero: int, inscrite: Inscrite) -> str:
    ligne = inscrite.ligne
    if ligne is None:
        return "elle est illisible"
    mal_placee = _place(chaine, numero, ligne)
    if mal_placee:
        return mal_placee
    if ligne.recalculer() != ligne.empreinte:
        return "elle a été modifiée"
    if inscrite.marque is False:
        return "elle n'a pas été écrite par le service : sa marque n'est pas la bonne"
    suit = ligne.precedent == chaine.tete(numero - 1)
    return "" if suit else "elle ne suit pas la précédente"


def _place(chaine: Chaine, numero: int, ligne: Ligne) -> str:
    if ligne.telecontrole != chaine.telecontrole:
        return "elle vient d'un autre télécontrôle"
    return "" if ligne.seq == numero else "elle manque, ou n'est pas à sa place"


def _jalons(chaine: Chaine) -> Constat | None:
    """Ce que des tetes ont atteste, la plus ancienne contradiction d'abord."""
    nombre, bonnes = len(chaine.inscrites), 0
    for jalon in sorted(chaine.jalons, key=lambda un: un.longueur):
        if jalon.longueur > nombre:
            raison = f"elle manque : la tête {jalon.numero} en atteste {jalon.longueur}"
            return _constat(chaine, nombre + 1, raison)
        if chaine.tete(jalon.longueur) != jalon.tete:
            ou = "elle" if jalon.longueur == bonnes + 1 else f"elle, ou jusqu'à {jalon.longueur},"
            raison = f"{ou} n'est plus celle que la tête {jalon.numero} atteste"
            return _constat(chaine, bonnes + 1, raison)
        bonnes = jalon.longueur
    return None


def _sceaux(chaine: Chaine, signature_valide: SignatureValide) -> Constat | None:
    nombre, scellees = len(chaine.inscrites), 0
    for rang, sceau in enumerate(chaine.sceaux, start=1):
        if sceau is None or not _est_valide(chaine, sceau, signature_valide):
            ou = f"Télécontrôle {chaine.telecontrole}, sceau {rang}"
            return Constat(ou, "il n'est pas valable")
        if sceau.longueur > nombre:
            return _constat(chaine, nombre + 1, f"elle manque : le sceau {rang} la couvre")
        if chaine.tete(sceau.longueur) != sceau.tete:
            return _constat(
                chaine, sceau.longueur, f"elle n'est plus celle que le sceau {rang} atteste"
            )
        scellees = max(scellees, sceau.longueur)
    a_sceller = [
        inscrite.ligne.seq
        for inscrite in chaine.inscrites
        if inscrite.ligne is not None and inscrite.ligne.fait.genre in SCELLES
    ]
    if a_sceller and a_sceller[-1] > scellees:
        return _constat(chaine, a_sceller[-1], "son sceau manque")
    return None


def _est_valide(chaine: Chaine, sceau: Sceau, signature_valide: SignatureValide) -> bool:
    try:
        signature = lire_signature(sceau.signature)
        bonne = signature_valide(sceau.cle, sceau.octets(), signature)
    except Exception:  # une signature qui ne se lit pas ne vaut rien, d'ou que vienne le refus
        return False
    return bonne is True and sceau.telecontrole == chaine.telecontrole


def _issues(chaine: Chaine) -> Constat | None:
    """La chaine porte l'empreinte de chaque issue signee: ni plus, ni moins, ni une autre."""
    annoncees: dict[int, tuple[object, int]] = {}
    for inscrite in chaine.inscrites:
        ligne = inscrite.ligne
        if ligne is not None and ligne.fait.genre is GenreFait.ISSUE_ENREGISTREE:
            version = ligne.fait.details.get("version")
            if isinstance(version, int):
                annoncees[version] = ligne.fait.details.get("empreinte"), ligne.seq
    for version in sorted(annoncees.keys() | chaine.issues.keys()):
        ou = f"Télécontrôle {chaine.telecontrole}, issue {version}"
        if version not in annoncees:
            return Constat(ou, "aucune ligne ne l'annonce")
        empreinte, seq = annoncees[version]
        if version not in chaine.issues:
            return Constat(ou, f"elle manque : la ligne {seq} l'annonce")
        if chaine.issues[version] != empreinte:
            return Constat(ou, f"elle n'est plus celle que la ligne {seq} annonce")
    return None
