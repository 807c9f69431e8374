"""Le rendez-vous en personne: donne s'il a ete demande, un a la fois, convoque comme l'autre."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from controle.calendrier import Feries, Regles, verifier_date
from controle.refus import Refus
from controle.telecontrole import Telecontrole


class EtatPresentiel(StrEnum):
    """Ou en est un rendez-vous en personne."""

    CONVOQUE = "convoque"
    ANNULE = "annule"
    #: Un autre rendez-vous le remplace.
    DEPLACE = "deplace"
    HONORE = "honore"
    MANQUE = "manque"


LIBELLES_PRESENTIEL: dict[EtatPresentiel, str] = {
    EtatPresentiel.CONVOQUE: "Convoqué",
    EtatPresentiel.ANNULE: "Annulé",
    EtatPresentiel.DEPLACE: "Déplacé à une autre date",
    EtatPresentiel.HONORE: "A eu lieu",
    EtatPresentiel.MANQUE: "N'a pas eu lieu",
}

#: L'assure est attendu; un telecontrole a au plus un rendez-vous actif.
ACTIFS = frozenset({EtatPresentiel.CONVOQUE})
#: La demande n'attend pas d'autre rendez-vous.
_SUFFIT = ACTIFS | {EtatPresentiel.HONORE}


class PresentielSansDemande(Refus):
    """Rien, dans ce telecontrole, ne mene au presentiel."""

    code = "presentiel_sans_demande"
    phrase = "Aucun rendez-vous en présentiel n'a été demandé pour ce contrôle."


class PresentielDejaFixe(Refus):
    """Un rendez-vous en personne est deja donne, ou a deja eu lieu."""

    code = "presentiel_deja_fixe"
    phrase = "Un rendez-vous en présentiel est déjà fixé pour ce contrôle."


class PresentielTermine(Refus):
    """Ce rendez-vous est annule, remplace ou passe: il ne change plus."""

    code = "presentiel_termine"
    phrase = "Ce rendez-vous en présentiel est annulé, remplacé, ou a déjà eu lieu."


class PresentielAVenir(Refus):
    """Son heure n'est pas venue: on ne dit pas encore s'il a eu lieu."""

    code = "presentiel_a_venir"
    phrase = "Ce rendez-vous en présentiel n'a pas encore eu lieu."


@dataclass
class RendezVousPresentiel:
    """Un rendez-vous en personne, sur un site; `debut` en UTC, `fuseau` celui du site.

    `sequence` compte ceux donnes avant lui pour le meme controle, remplaces ou annules: un agenda
    ne croit que le plus grand.
    """

    id: str
    telecontrole: str
    site: str
    medecin_conseil: str
    debut: datetime
    fuseau: str = "Europe/Paris"
    duree: timedelta = timedelta(minutes=30)
    etat: EtatPresentiel = EtatPresentiel.CONVOQUE
    sequence: int = 0

    def __post_init__(self) -> None:
        if self.debut.tzinfo is None:
            raise ValueError("debut sans fuseau horaire")

    @property
    def est_actif(self) -> bool:
        """L'assure est-il attendu?"""
        return self.etat in ACTIFS

    def deplacer(
        self,
        identifiant: str,
        debut: datetime,
        maintenant: datetime,
        regles: Regles,
        feries: Feries,
        *,
        site: str | None = None,
        medecin_conseil: str | None = None,
        fuseau: str | None = None,
    ) -> "RendezVousPresentiel":
        """Le rendez-vous qui remplace celui-ci; les memes regles de calendrier.

        :raises PresentielTermine: il est annule, deja deplace ou passe.
        """
        self._encore_actif()
        autre = replace(
            self,
            id=identifiant,
            debut=debut,
            site=site or self.site,
            medecin_conseil=medecin_conseil or self.medecin_conseil,
            fuseau=fuseau or self.fuseau,
            sequence=self.sequence + 1,
        )
        verifier_date(debut, autre.duree, autre.fuseau, maintenant, regles, feries)
        self.etat = EtatPresentiel.DEPLACE
        return autre

    def annuler(self) -> None:
        """Le service annule; la demande reste, un autre rendez-vous est a donner."""
        if self.etat is not EtatPresentiel.ANNULE:
            self._encore_actif()
            self.etat = EtatPresentiel.ANNULE

    def constater(self, maintenant: datetime, *, honore: bool) -> None:
        """Une personne dit, l'heure venue, s'il a eu lieu."""
        self._encore_actif()
        if maintenant < self.debut:
            raise PresentielAVenir
        self.etat = EtatPresentiel.HONORE if honore else EtatPresentiel.MANQUE

    def _encore_actif(self) -> None:
        if not self.est_actif:
            raise PresentielTermine


def fixer(
    identifiant: str,
    telecontrole: Telecontrole,
    existants: Iterable[RendezVousPresentiel],
    *,
    site: str,
    medecin_conseil: str,
    debut: datetime,
    maintenant: datetime,
    regles: Regles,
    feries: Feries,
    duree: timedelta = timedelta(minutes=30),
    fuseau: str | None = None,
) -> RendezVousPresentiel:
    """Le rendez-vous que la demande attend; `existants`: ceux deja donnes pour ce telecontrole.

    Un rendez-vous annule ou manque peut etre redonne.

    :raises PresentielSansDemande: rien ne le demande.
    :raises PresentielDejaFixe: il y en a deja un.
    :raises Refus: ce que le calendrier refuse (controle.calendrier).
    """
    if telecontrole.presentiel is None:
        raise PresentielSansDemande
    donnes = list(existants)
    if any(autre.etat in _SUFFIT for autre in donnes):
        raise PresentielDejaFixe
    zone = fuseau or telecontrole.fuseau
    verifier_date(debut, duree, zone, maintenant, regles, feries)
    return RendezVousPresentiel(
        identifiant,
        telecontrole.id,
        site,
        medecin_conseil,
        debut,
        zone,
        duree,
        sequence=max((autre.sequence + 1 for autre in donnes), default=0),
    )


#: Apres tant d'incidents techniques d'une meme serie, plus de visio: le presentiel.
INCIDENTS_AVANT_PRESENTIEL = 2

SuiteDIncident = Literal["visio", "presentiel"]


def suite_d_incident(
    incidents_de_la_serie: int,
    accord_visio: bool,  # noqa: FBT001
) -> SuiteDIncident:
    """La suite d'un incident technique, celui-ci compte: une nouvelle visio seulement si l'assure
    en est d'accord, et jamais sans fin."""
    encore = incidents_de_la_serie < INCIDENTS_AVANT_PRESENTIEL
    return "visio" if accord_visio and encore else "presentiel"


def origine_par_defaut_apres_incidents(nombre_incidents: int) -> SuiteDIncident:
    """Ce qui se propose a l'assure apres tant d'incidents, avant qu'il ait dit quoi que ce soit."""
    return suite_d_incident(nombre_incidents, accord_visio=True)
