"""Ce que le domaine attend du stockage: trouver, inscrire, et tout ou rien."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from controle.chaine import Ligne, Sceau
from controle.issue import Issue
from controle.presence import Fait
from controle.refus import Refus
from controle.telecontrole import Telecontrole


class TelecontroleInconnu(Refus):
    """Aucun telecontrole n'a cet identifiant."""

    code = "telecontrole_inconnu"
    phrase = "Ce contrôle n'existe pas."


class SceauIncoherent(Refus):
    """Ce sceau ne dit pas ce que la chaine contient."""

    code = "sceau_incoherent"
    phrase = "Ce sceau ne correspond pas au relevé."


class VersionConcurrente(Refus):
    """Cette version de l'issue existe deja, ou saute un numero."""

    code = "version_concurrente"
    phrase = "Une autre version de l'issue vient d'être enregistrée."


class Unite(Protocol):
    """Une unite de travail. Ce qui est rendu est une copie; rien ne se change ni ne s'efface
    dans la chaine, les sceaux et les issues."""

    async def telecontrole(self, identifiant: str) -> Telecontrole:
        """Le telecontrole, ou `TelecontroleInconnu`."""

    async def enregistrer(self, telecontrole: Telecontrole) -> None:
        """Cree ou remplace le telecontrole."""

    async def inscrire(self, identifiant: str, fait: Fait) -> Ligne:
        """Ajoute le fait a la chaine."""

    async def lignes(self, identifiant: str) -> Sequence[Ligne]:
        """La chaine, de la premiere ligne a la derniere."""

    async def sceaux(self, identifiant: str) -> Sequence[Sceau]:
        """Les sceaux, dans l'ordre ou ils ont ete poses."""

    async def sceller(self, sceau: Sceau) -> None:
        """Pose un sceau sur la tete actuelle de la chaine, ou `SceauIncoherent`."""

    async def issues(self, identifiant: str) -> Sequence[Issue]:
        """Les versions de l'issue, de la premiere a la derniere."""

    async def enregistrer_issue(self, identifiant: str, issue: Issue) -> None:
        """Ajoute la version suivante de l'issue, ou `VersionConcurrente`."""

    async def du_medecin(self, medecin: str, de: datetime, a: datetime) -> Sequence[Telecontrole]:
        """Ses telecontroles qui commencent dans [de, a[, par heure puis identifiant."""


class Registre(Protocol):
    """Ou tout est garde."""

    def transaction(self) -> AbstractAsyncContextManager[Unite]:
        """Un bloc tout ou rien: s'il leve, rien n'est garde."""
