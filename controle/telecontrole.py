"""Un telecontrole: ce qui lui arrive, ce qui est refuse, quand la porte s'ouvre."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from controle.etats import (
    ACCES_PAR_ETAT,
    AVANT_ENTREE,
    EN_PRESENTIEL,
    LIBELLES_CONTEXTE,
    LIBELLES_ETAT,
    ORIGINE_PAR_ETAT,
    SUITES,
    VIVANTS,
    Acces,
    Contexte,
    DemandePresentiel,
    Etat,
    Fenetre,
    OriginePresentiel,
)
from controle.refus import Refus

__all__ = [
    "LIBELLES_CONTEXTE",
    "LIBELLES_ETAT",
    "SUITES",
    "Acces",
    "Contexte",
    "DemandePresentiel",
    "Etat",
    "Fenetre",
    "OriginePresentiel",
    "PorteFermee",
    "SuiteDejaDonnee",
    "Telecontrole",
    "TransitionImpossible",
]


class TransitionImpossible(Refus):
    """Cet etat ne peut pas suivre celui-la."""

    code = "transition_impossible"
    phrase = "Cette action n'est pas possible à ce stade du contrôle."

    def __init__(self, de: Etat, vers: Etat) -> None:
        super().__init__()
        self.de, self.vers = de, vers


class SuiteDejaDonnee(Refus):
    """Un autre rendez-vous le suit deja: il n'a pas deux suites."""

    code = "suite_deja_donnee"
    phrase = "Un autre rendez-vous a déjà été donné pour la suite de ce contrôle."


class PorteFermee(Refus):
    """On n'entre pas maintenant; `acces` dit pourquoi."""

    code = "porte_fermee"
    phrase = "La salle n'est pas ouverte."
    PHRASES: ClassVar[dict[Acces, str]] = {
        Acces.TROP_TOT: "La salle n'est pas encore ouverte.",
        Acces.TROP_TARD: "L'heure d'entrée est passée.",
        Acces.REFUSE: "La visioconférence a été refusée.",
        Acces.ANNULE: "Ce contrôle a été annulé par le service.",
        Acces.REPORTE: "Ce contrôle a été reporté.",
        Acces.PRESENTIEL: "Ce contrôle aura lieu en personne.",
        Acces.TERMINE: "L'entretien est terminé.",
    }

    def __init__(self, acces: Acces) -> None:
        super().__init__(self.PHRASES.get(acces))
        self.acces = acces


@dataclass
class Telecontrole:
    """Un controle convoque en visioconference, de la convocation a son issue.

    `caisse`, `medecin_conseil` et `assure` sont des identifiants; `debut` est en UTC; `fuseau`
    est le nom IANA du fuseau de la caisse. `serie` est l'identifiant du premier rendez-vous dont
    celui-ci est la suite, `sequence` son rang parmi eux; `suite_de` est celui d'avant, `suivi_par`
    celui d'apres; `code` est ce que la convocation montre et que l'on peut lire au telephone.
    """

    id: str
    caisse: str
    medecin_conseil: str
    assure: str
    contexte: Contexte
    debut: datetime
    fuseau: str = "Europe/Paris"
    duree: timedelta = timedelta(minutes=30)
    etat: Etat = Etat.BROUILLON
    presentiel: DemandePresentiel | None = None
    examen_clinique: bool = False
    serie: str = ""
    sequence: int = 0
    suite_de: str | None = None
    suivi_par: str | None = None
    besoins: tuple[str, ...] = ()
    code: str = ""

    def __post_init__(self) -> None:
        if self.debut.tzinfo is None:
            raise ValueError("debut sans fuseau horaire")
        self.serie = self.serie or self.id

    # --- la porte ---------------------------------------------------------------------------

    def ouverture(self, fenetre: Fenetre) -> datetime:
        """L'instant ou la salle s'ouvre."""
        return self.debut - fenetre.avant

    def fermeture(self, fenetre: Fenetre) -> datetime:
        """Le dernier instant ou l'on peut entrer pour la premiere fois."""
        return self.debut + fenetre.apres

    def acces(self, maintenant: datetime, fenetre: Fenetre) -> Acces:
        """Ce que la porte repond; qui attend ou est admis n'est jamais trop tard."""
        if self.etat is Etat.REPORTE and self.presentiel is not None:
            # Une serie qui a trop echoue: aucun nouveau lien ne viendra.
            return Acces.PRESENTIEL
        if self.etat in ACCES_PAR_ETAT:
            return ACCES_PAR_ETAT[self.etat]
        if self.etat not in AVANT_ENTREE:
            return Acces.OUVERT
        if maintenant < self.ouverture(fenetre):
            return Acces.TROP_TOT
        if maintenant > self.fermeture(fenetre):
            return Acces.TROP_TARD
        return Acces.OUVERT

    # --- la convocation ---------------------------------------------------------------------

    def convoquer(self) -> None:
        """La convocation est partie."""
        self._passer(Etat.CONVOQUE, sauf={Etat.CONVOQUE})

    def accuser_reception(self) -> None:
        """L'assure dit avoir recu la convocation; apres le rappel, l'etat ne change plus."""
        self._passer(Etat.ACCUSE, sauf={Etat.ACCUSE, Etat.RAPPELE})

    def rappeler(self) -> None:
        """Le rappel est parti."""
        self._passer(Etat.RAPPELE, sauf={Etat.RAPPELE})

    def annuler(self) -> None:
        """Le service annule; l'assure n'a rien a faire."""
        self._passer(Etat.ANNULE_SERVICE, sauf={Etat.ANNULE_SERVICE})

    def reporter(self) -> None:
        """Le service donne une autre date, par un autre telecontrole."""
        self._passer(Etat.REPORTE, sauf={Etat.REPORTE})

    def constater_medecin_absent(self, maintenant: datetime) -> None:
        """Le service n'est pas venu a son propre rendez-vous: une autre date est due a l'assure
        (controle.suite), et rien de tout cela ne lui est oppose."""
        attendu = self.etat in AVANT_ENTREE | {Etat.EN_ATTENTE, Etat.REPORTE}
        if maintenant < self.debut or not attendu:
            raise TransitionImpossible(self.etat, Etat.REPORTE)
        self._passer(Etat.REPORTE, sauf={Etat.REPORTE})

    # --- la salle ---------------------------------------------------------------------------

    def entrer(self, maintenant: datetime, fenetre: Fenetre | None = None) -> None:
        """L'assure prend place; s'il est deja dans la salle, rien ne change."""
        acces = self.acces(maintenant, fenetre or Fenetre())
        if acces is not Acces.OUVERT:
            raise PorteFermee(acces)
        self._passer(Etat.EN_ATTENTE, sauf={Etat.EN_ATTENTE, Etat.EN_COURS})

    def admettre(self) -> None:
        """Le medecin-conseil fait entrer l'assure qui attend."""
        self._passer(Etat.EN_COURS, sauf={Etat.EN_COURS})

    def remettre_en_attente(self) -> None:
        """Le medecin-conseil renvoie l'assure en salle d'attente."""
        if self.etat not in {Etat.EN_COURS, Etat.EN_ATTENTE}:
            raise TransitionImpossible(self.etat, Etat.EN_ATTENTE)
        self.etat = Etat.EN_ATTENTE

    def terminer(self) -> None:
        """L'entretien est fini; si un examen clinique est necessaire, la suite est en personne."""
        vers = Etat.CONVERTI_PRESENTIEL if self.examen_clinique else Etat.TERMINE
        if self.etat in AVANT_ENTREE | {Etat.BROUILLON}:
            raise TransitionImpossible(self.etat, vers)
        self._passer(vers, sauf=set(Etat) - VIVANTS)

    # --- le presentiel ----------------------------------------------------------------------

    def refuser_visio(self, maintenant: datetime) -> DemandePresentiel:
        """L'assure refuse la visioconference, sans avoir a dire pourquoi."""
        self._pas_apres_la_fin(Etat.REFUSE)
        return self._convertir(Etat.REFUSE, OriginePresentiel.REFUS, maintenant)

    def demander_presentiel(self, maintenant: datetime) -> DemandePresentiel:
        """L'assure demande, avant ou pendant, que cela se passe en personne."""
        self._pas_apres_la_fin(Etat.CONVERTI_PRESENTIEL)
        return self._convertir(
            Etat.CONVERTI_PRESENTIEL, OriginePresentiel.DEMANDE_ASSURE, maintenant
        )

    def constater_examen_clinique(self, maintenant: datetime) -> DemandePresentiel:
        """Le medecin-conseil doit examiner en personne; l'entretien peut continuer."""
        if self.etat not in {Etat.EN_ATTENTE, Etat.EN_COURS, Etat.TERMINE} | EN_PRESENTIEL:
            raise TransitionImpossible(self.etat, Etat.CONVERTI_PRESENTIEL)
        self.examen_clinique = True
        if self.etat is Etat.TERMINE:
            self.etat = Etat.CONVERTI_PRESENTIEL
        return self._demander(OriginePresentiel.EXAMEN_CLINIQUE, maintenant)

    def identite_non_confirmee(self, maintenant: datetime) -> DemandePresentiel:
        """L'identite n'a pas pu etre confirmee: meme suite, sans accuser personne."""
        return self._convertir(Etat.IDENTITE_NON_CONFIRMEE, OriginePresentiel.IDENTITE, maintenant)

    def justifier_absence(self, maintenant: datetime) -> DemandePresentiel:
        """Une personne a accepte la justification: la suite est en personne, sans grief."""
        return self._convertir(
            Etat.ABSENCE_JUSTIFIEE, OriginePresentiel.ABSENCE_JUSTIFIEE, maintenant
        )

    # --- l'issue ----------------------------------------------------------------------------

    def cloturer(
        self,
        maintenant: datetime,
        vers: Etat = Etat.CLOTURE,
        origine: OriginePresentiel | None = None,
    ) -> None:
        """Une issue est signee; une sortie deja prise est gardee, une demande n'est pas retiree.

        :raises SuiteDejaDonnee: elle demande le presentiel, mais un autre rendez-vous suit deja.
        """
        if self.etat in {Etat.EN_COURS, Etat.BROUILLON}:
            raise TransitionImpossible(self.etat, vers)
        suivi = self.suivi_par is not None
        if suivi and origine not in {None, OriginePresentiel.INCIDENT_TECHNIQUE}:
            raise SuiteDejaDonnee
        if vers in SUITES[self.etat]:
            self.etat = vers
        elif Etat.CLOTURE in SUITES[self.etat]:
            self.etat = Etat.CLOTURE
        origine = origine or ORIGINE_PAR_ETAT.get(self.etat)
        if origine is not None and not suivi:
            self._demander(origine, maintenant)

    # --- dedans -----------------------------------------------------------------------------

    def _passer(self, vers: Etat, sauf: Collection[Etat]) -> None:
        """Change d'etat; dans un etat de `sauf`, c'est deja fait."""
        if self.etat in sauf:
            return
        if vers not in SUITES[self.etat]:
            raise TransitionImpossible(self.etat, vers)
        self.etat = vers

    def _pas_apres_la_fin(self, vers: Etat) -> None:
        if self.etat not in VIVANTS | EN_PRESENTIEL | {Etat.BROUILLON}:
            raise TransitionImpossible(self.etat, vers)

    def _convertir(
        self, vers: Etat, origine: OriginePresentiel, maintenant: datetime
    ) -> DemandePresentiel:
        self._passer(vers, sauf=EN_PRESENTIEL)
        return self._demander(origine, maintenant)

    def _demander(self, origine: OriginePresentiel, maintenant: datetime) -> DemandePresentiel:
        """La demande de presentiel: la premiere reste la seule."""
        if self.presentiel is None:
            self.presentiel = DemandePresentiel(self.id, origine, maintenant)
        return self.presentiel
