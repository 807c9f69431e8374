"""Le verificateur: un releve exporte est-il celui que le serveur a ecrit et signe?

Il n'a confiance en rien de ce qu'il lit, n'echoue jamais par une exception, et nomme la premiere
ligne alteree, manquante ou deplacee. Qui n'a pas la cle peut recalculer des lignes, pas les
sceaux: ce sont eux qui tranchent.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from controle.chaine import Ligne, Sceau, genese
from controle.forme import FormeIllisible, lire_texte

FORMAT = "telecontrole-releve/1"

#: (cle, octets signes, signature) -> la signature est-elle bonne?
SignatureValide = Callable[[str, bytes, bytes], bool]


@dataclass(frozen=True)
class Verdict:
    """`premiere_ligne` compte a partir de 1; None si aucune ligne n'est en cause."""

    valide: bool
    premiere_ligne: int | None
    raison: str


def _altere(premiere_ligne: int | None, raison: str) -> Verdict:
    return Verdict(valide=False, premiere_ligne=premiere_ligne, raison=raison)


_INTACT = Verdict(
    valide=True, premiere_ligne=None, raison="Le relevé est complet et n'a pas été modifié."
)


@dataclass(frozen=True)
class _Releve:
    """Ce qui a pu etre lu: None est une ligne illisible, ou un sceau qui n'est pas valable."""

    telecontrole: str
    lignes: list[Ligne | None]
    sceaux: list[Sceau | None]

    def tete(self, longueur: int) -> str:
        """L'empreinte de la chaine a cette longueur (vide: illisible)."""
        if longueur == 0:
            return genese(self.telecontrole)
        ligne = self.lignes[longueur - 1]
        return "" if ligne is None else ligne.empreinte


def verifier(releve: Mapping[str, object], signature_valide: SignatureValide) -> Verdict:
    """Le verdict sur un releve {"format", "telecontrole", "lignes", "sceaux", ...}."""
    try:
        lu = _lire(releve, signature_valide)
    except FormeIllisible as refus:
        return _altere(None, refus.message)
    rupture = _rupture(lu)
    desaccord = _desaccord(lu, rupture)
    if rupture is None:
        return desaccord or _INTACT
    if desaccord is None:
        return rupture
    return min(rupture, desaccord, key=lambda verdict: verdict.premiere_ligne or len(lu.lignes) + 2)


# --- la lecture ---------------------------------------------------------------------------------


def _lire(releve: object, signature_valide: SignatureValide) -> _Releve:
    if not isinstance(releve, Mapping) or releve.get("format") != FORMAT:
        raise FormeIllisible("Ce fichier n'est pas un relevé de télécontrôle.")
    telecontrole = lire_texte(releve.get("telecontrole"))
    lignes, sceaux = releve.get("lignes"), releve.get("sceaux")
    if not isinstance(lignes, list) or not isinstance(sceaux, list):
        raise FormeIllisible("Le relevé n'a pas de liste de lignes ou de sceaux.")
    return _Releve(
        telecontrole,
        [_lire_ligne(ligne) for ligne in lignes],
        [_lire_sceau(sceau, telecontrole, signature_valide) for sceau in sceaux],
    )


def _lire_ligne(brute: object) -> Ligne | None:
    try:
        return Ligne.depuis_dict(brute)
    except FormeIllisible:
        return None


def _lire_sceau(brut: object, telecontrole: str, signature_valide: SignatureValide) -> Sceau | None:
    try:
        sceau = Sceau.depuis_dict(brut)
        signature = lire_signature(sceau.signature)
        bon = signature_valide(sceau.cle, sceau.octets(), signature)
    except (
        Exception
    ):  # une cle ou une signature mal formee ne vaut rien, d'ou qu'en vienne le refus
        return None
    return sceau if bon is True and sceau.telecontrole == telecontrole else None


def lire_signature(texte: str) -> bytes:
    """Le base64url, une seule ecriture par signature: les bits de trop doivent etre nuls."""
    octets = base64.urlsafe_b64decode(texte.encode("ascii") + b"=" * (-len(texte) % 4))
    if base64.urlsafe_b64encode(octets).rstrip(b"=").decode() != texte:
        raise FormeIllisible
    return octets


# --- la chaine ----------------------------------------------------------------------------------


def _rupture(releve: _Releve) -> Verdict | None:
    """La premiere ligne qui ne tient pas dans la chaine, les sceaux mis a part."""
    for numero, ligne in enumerate(releve.lignes, start=1):
        reproche = _reproche(releve, numero, ligne)
        if reproche:
            return _altere(numero, f"La ligne {numero} {reproche}.")
        if ligne is not None and ligne.precedent != releve.tete(numero - 1):
            return _contradiction(releve, numero)
    return None


def _reproche(releve: _Releve, numero: int, ligne: Ligne | None) -> str:
    """Ce que l'on reproche a cette ligne seule."""
    if ligne is None:
        return "est illisible"
    if ligne.telecontrole != releve.telecontrole:
        return "vient d'un autre télécontrôle"
    if ligne.recalculer() != ligne.empreinte:
        return "a été modifiée"
    if ligne.seq != numero:
        return "manque ou n'est pas à sa place"
    return ""


def _contradiction(releve: _Releve, numero: int) -> Verdict:
    """Deux lignes voisines se contredisent: si un sceau atteste la seconde, c'est la premiere
    qui a ete reecrite, empreinte comprise."""
    if numero > 1 and any(_attestee(releve, numero, sceau) for sceau in releve.sceaux):
        return _altere(numero - 1, f"La ligne {numero - 1} a été réécrite.")
    return _altere(numero, f"La ligne {numero} ne suit pas la précédente.")


def _attestee(releve: _Releve, numero: int, sceau: Sceau | None) -> bool:
    """Ce sceau, suivi a rebours de ligne en ligne, mene-t-il a la ligne `numero`?"""
    if sceau is None or not numero <= sceau.longueur <= len(releve.lignes):
        return False
    attendue = sceau.tete
    for rang in range(sceau.longueur, numero - 1, -1):
        ligne = releve.lignes[rang - 1]
        if ligne is None or _reproche(releve, rang, ligne) or ligne.empreinte != attendue:
            return False
        attendue = ligne.precedent
    return True


# --- les sceaux ---------------------------------------------------------------------------------


def _desaccord(releve: _Releve, rupture: Verdict | None) -> Verdict | None:
    """Ce que les sceaux reprochent aux lignes qui precedent la rupture."""
    nombre = len(releve.lignes)
    jugeables = nombre if rupture is None else (rupture.premiere_ligne or 1) - 1
    attestees = dernier = 0
    for rang, sceau in enumerate(releve.sceaux, start=1):
        if sceau is None or sceau.longueur < dernier:
            return _apres(attestees, nombre, f"Le sceau {rang} n'est pas valable.")
        dernier = sceau.longueur
        if dernier > jugeables:
            continue
        if sceau.tete != releve.tete(dernier):
            raison = f"Des lignes ont été réécrites après la ligne {attestees}, dernière attestée."
            return _apres(attestees, nombre, raison)
        attestees = dernier
    if not releve.sceaux:
        return _apres(0, nombre, "Le relevé n'est pas scellé.")
    return _bout(nombre, dernier) if rupture is None else None


def _apres(attestees: int, nombre: int, raison: str) -> Verdict:
    """La premiere ligne que rien n'atteste plus; None si toutes le sont."""
    return _altere(attestees + 1 if attestees < nombre else None, raison)


def _bout(nombre: int, scellees: int) -> Verdict | None:
    """Un releve se termine exactement a son dernier sceau."""
    if scellees > nombre:
        return _altere(nombre + 1, f"Le relevé est coupé : la ligne {nombre + 1} manque.")
    if scellees < nombre:
        return _altere(scellees + 1, f"La ligne {scellees + 1} n'est pas scellée.")
    return None
