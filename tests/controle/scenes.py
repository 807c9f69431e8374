"""De quoi ecrire une scene en une ligne: une horloge, des faits, une cle, un telecontrole."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

from controle.chaine import Ligne, MotifSceau, Sceau, chainer, genese, octets_a_signer
from controle.presence import SERVICE, Fait, GenreFait
from controle.telecontrole import Contexte, Etat, Fenetre, Telecontrole
from controle.verification import FORMAT

DIX_HEURES = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
FENETRE = Fenetre()
ASSURE, MEDECIN = "assure", "medecin_conseil"
G = GenreFait
#: En secondes.
JOUR = 24 * 3600


def a(minutes: float = 0, secondes: float = 0) -> datetime:
    """Tant de minutes apres l'heure du rendez-vous."""
    return DIX_HEURES + timedelta(minutes=minutes, seconds=secondes)


def un_telecontrole(etat: Etat = Etat.RAPPELE, **autres: Any) -> Telecontrole:
    return Telecontrole(
        **{
            "id": "tc-1",
            "caisse": "cpam-75",
            "medecin_conseil": "mc-1",
            "assure": "as-1",
            "contexte": Contexte.ARRET_MALADIE,
            "debut": DIX_HEURES,
            "etat": etat,
        }
        | autres
    )


class Scene:
    """Une suite de faits, dates en secondes reelles; l'heure du mur peut sauter."""

    def __init__(self) -> None:
        self.faits: list[Fait] = []
        self.decalage = 0.0
        self.execution = "boot-1"
        self.origine = 1_000.0

    def fait(
        self, t: float, quoi: GenreFait, role: str | None = None, /, **details: Any
    ) -> "Scene":
        """A t secondes apres l'heure du rendez-vous."""
        self.faits.append(
            Fait(
                quoi,
                a(secondes=t + self.decalage),
                self.origine + t,
                self.execution,
                role,
                details=details,
            )
        )
        return self

    def message(
        self,
        t: float,
        genre: GenreFait,
        envoi: str,
        dit: str = "convocation",
        canal: str = "courriel",
    ) -> "Scene":
        """Ce qui est arrive a un message, a t secondes."""
        return self.fait(t, genre, SERVICE, envoi=envoi, genre=dit, canal=canal, version="v1")

    def sauter(self, secondes: float) -> "Scene":
        self.decalage += secondes
        return self

    def demarrer(self, t: float, execution: str = "boot-2") -> "Scene":
        """Une autre execution: son horloge monotone repart d'ailleurs."""
        self.execution, self.origine = execution, 5.0 - t
        return self.fait(t, G.REDEMARRAGE_SERVEUR)

    def battre(self, t: float, *presents: str) -> "Scene":
        """Le constat de chaque minute."""
        etats = {role: "present" if role in presents else "absent" for role in (ASSURE, MEDECIN)}
        return self.fait(t, G.PRESENCE_CONSTATEE, **etats)


def convoquee(envoi: str = "e1", **autres: Any) -> Scene:
    """Tout ce que la caisse doit a un absent: convocation remise, rappel, appel."""
    return (
        Scene()
        .message(-5 * JOUR, G.MESSAGE_ENVOYE, envoi)
        .message(-5 * JOUR + 60, G.MESSAGE_REMIS, envoi, **autres)
        .message(-JOUR, G.MESSAGE_ENVOYE, "rappel-1", "rappel")
        .fait(10 * 60, G.APPEL_TENTE, SERVICE, resultat="sans_reponse")
    )


def enchainer(faits: list[Fait], telecontrole: str = "tc-1") -> list[Ligne]:
    lignes: list[Ligne] = []
    for fait in faits:
        lignes.append(chainer(telecontrole, lignes[-1].tete if lignes else None, fait))
    return lignes


def _signer(octets: bytes) -> bytes:
    return hmac.digest(b"cle de test", octets, hashlib.sha256)


def sceller(lignes: list[Ligne], longueur: int, motif: str = MotifSceau.MINUTE) -> Sceau:
    tete = lignes[longueur - 1].empreinte if longueur else genese("tc-1")
    octets = octets_a_signer("tc-1", longueur, tete, a(60), motif)
    signature = base64.urlsafe_b64encode(_signer(octets)).rstrip(b"=").decode()
    return Sceau("tc-1", longueur, tete, a(60), motif, "cle-1", signature)


def signature_valide(cle: str, octets: bytes, signature: bytes) -> bool:
    return cle == "cle-1" and hmac.compare_digest(_signer(octets), signature)


def un_releve(nombre: int = 10, sceaux: tuple[int, ...] = (4, 7)) -> dict[str, Any]:
    """Un releve de `nombre` lignes, scelle a ces longueurs et a sa tete."""
    scene = Scene()
    for rang in range(nombre):
        scene.fait(rang * 60, G.PRESENCE_CONSTATEE, assure="present", phase="waiting")
    lignes = enchainer(scene.faits)
    longueurs = [longueur for longueur in sceaux if longueur < nombre] + [nombre]
    return {
        "format": FORMAT,
        "telecontrole": "tc-1",
        "lignes": [ligne.en_dict() for ligne in lignes],
        "sceaux": [sceller(lignes, longueur).en_dict() for longueur in longueurs],
        "cles": {"keys": []},
    }
