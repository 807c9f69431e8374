"""Le registre en memoire: pour les tests, et comme specification que l'on peut lire."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from controle.chaine import Ligne, Sceau, chainer, genese
from controle.issue import Issue
from controle.presence import Fait
from controle.registre import SceauIncoherent, TelecontroleInconnu, Unite, VersionConcurrente
from controle.telecontrole import Telecontrole


@dataclass(frozen=True)
class _Dossier:
    """Tout ce qui est garde d'un telecontrole; se remplace, ne se modifie pas."""

    telecontrole: Telecontrole
    lignes: tuple[Ligne, ...] = ()
    sceaux: tuple[Sceau, ...] = ()
    issues: tuple[Issue, ...] = ()


@dataclass
class UniteEnMemoire:
    """Les dossiers vus d'une transaction."""

    dossiers: dict[str, _Dossier] = field(default_factory=dict)

    async def telecontrole(self, identifiant: str) -> Telecontrole:
        return replace(self._dossier(identifiant).telecontrole)

    async def enregistrer(self, telecontrole: Telecontrole) -> None:
        copie = replace(telecontrole)
        dossier = self.dossiers.get(telecontrole.id, _Dossier(copie))
        self.dossiers[telecontrole.id] = replace(dossier, telecontrole=copie)

    async def inscrire(self, identifiant: str, fait: Fait) -> Ligne:
        dossier = self._dossier(identifiant)
        tete = dossier.lignes[-1].tete if dossier.lignes else None
        ligne = chainer(identifiant, tete, fait)
        self.dossiers[identifiant] = replace(dossier, lignes=(*dossier.lignes, ligne))
        return ligne

    async def lignes(self, identifiant: str) -> Sequence[Ligne]:
        return self._dossier(identifiant).lignes

    async def sceaux(self, identifiant: str) -> Sequence[Sceau]:
        return self._dossier(identifiant).sceaux

    async def sceller(self, sceau: Sceau) -> None:
        dossier = self._dossier(sceau.telecontrole)
        tete = dossier.lignes[-1].tete if dossier.lignes else (0, genese(sceau.telecontrole))
        if (sceau.longueur, sceau.tete) != tete:
            raise SceauIncoherent
        self.dossiers[sceau.telecontrole] = replace(dossier, sceaux=(*dossier.sceaux, sceau))

    async def issues(self, identifiant: str) -> Sequence[Issue]:
        return self._dossier(identifiant).issues

    async def enregistrer_issue(self, identifiant: str, issue: Issue) -> None:
        dossier = self._dossier(identifiant)
        if issue.version != len(dossier.issues) + 1:
            raise VersionConcurrente
        self.dossiers[identifiant] = replace(dossier, issues=(*dossier.issues, issue))

    async def du_medecin(self, medecin: str, de: datetime, a: datetime) -> Sequence[Telecontrole]:
        siens = [
            replace(dossier.telecontrole)
            for dossier in self.dossiers.values()
            if dossier.telecontrole.medecin_conseil == medecin
            and de <= dossier.telecontrole.debut < a
        ]
        return sorted(siens, key=lambda telecontrole: (telecontrole.debut, telecontrole.id))

    def _dossier(self, identifiant: str) -> _Dossier:
        if identifiant not in self.dossiers:
            raise TelecontroleInconnu
        return self.dossiers[identifiant]


class RegistreEnMemoire:
    """Une transaction a la fois, sur une copie qui remplace l'original si tout s'est bien passe."""

    def __init__(self) -> None:
        self._dossiers: dict[str, _Dossier] = {}
        self._verrou = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Unite]:
        async with self._verrou:
            unite = UniteEnMemoire(dict(self._dossiers))
            yield unite
            self._dossiers = unite.dossiers
