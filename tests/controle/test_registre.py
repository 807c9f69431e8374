"""Ce que tout registre tient: en memoire ou en SQL, les memes tests."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from tempfile import TemporaryDirectory

import pytest
from scenes import ASSURE, DIX_HEURES, FENETRE, G, Scene, a, enchainer, sceller, un_telecontrole

from controle.intervalles import presences
from controle.issue import DemandeIssue, Issue, etablir
from controle.memoire import RegistreEnMemoire
from controle.registre import (
    Registre,
    SceauIncoherent,
    TelecontroleInconnu,
    VersionConcurrente,
)
from controle.suite import suivre_en_visio
from controle.telecontrole import Etat, OriginePresentiel
from server.store import people
from server.store.database import Database, open_database
from server.store.sql import RegistreSql

Fabrique = Callable[[], AbstractAsyncContextManager[Registre]]


@asynccontextmanager
async def en_memoire() -> AsyncIterator[Registre]:
    """Le registre en memoire, vide."""
    yield RegistreEnMemoire()


@asynccontextmanager
async def en_sql() -> AsyncIterator[Registre]:
    """Le registre SQL, sur une base SQLite neuve."""
    with TemporaryDirectory() as dossier:
        base = await open_database(f"sqlite+aiosqlite:///{dossier}/telecontrole.db")
        try:
            await _peupler(base)
            yield RegistreSql(base)
        finally:
            await base.close()


async def _peupler(base: Database) -> None:
    """Ceux que les scenes nomment: la base SQL ne garde rien de personnes inconnues."""
    async with base.write() as connexion:
        await people.add_caisse(connexion, people.Caisse("cpam-75", "CPAM", "Europe/Paris", "3646"))
        for medecin in ("mc-1", "mc-2"):
            await people.add_medecin(connexion, people.Medecin(medecin, "cpam-75", "Dr", "MC"))
        assure = people.Assure("as-1", "cpam-75", "Mme", "A", "a@exemple.invalid", "0639980000")
        await people.add_assure(connexion, assure)


#: Un autre registre s'ajoute ici (ou depuis un conftest) et passe les memes tests.
FABRIQUES: dict[str, Fabrique] = {"memoire": en_memoire, "sql": en_sql}


@pytest.fixture(params=sorted(FABRIQUES))
async def registre(request: pytest.FixtureRequest) -> AsyncIterator[Registre]:
    async with FABRIQUES[request.param]() as vide:
        yield vide


FAITS = Scene().fait(0, G.ENTREE, ASSURE, appareil="téléphone", n=2, oui=True, rien=None)
FAITS.fait(60.25, G.SORTIE, ASSURE)


def une_issue(version: int = 1) -> Issue:
    issue = etablir(
        un_telecontrole(),
        presences([], a(40)),
        False,
        (),
        DemandeIssue("non_connecte", "controle_impossible"),
        "mc-1",
        a(40),
        FENETRE,
    )
    return replace(issue, version=version)


async def preparer(registre: Registre) -> None:
    async with registre.transaction() as unite:
        await unite.enregistrer(un_telecontrole())
        for fait in FAITS.faits:
            await unite.inscrire("tc-1", fait)


async def test_ce_qui_est_enregistre_se_retrouve(registre: Registre) -> None:
    controle = un_telecontrole()
    controle.refuser_visio(a(-60))

    async with registre.transaction() as unite:
        await unite.enregistrer(controle)

    async with registre.transaction() as unite:
        assert await unite.telecontrole("tc-1") == controle


@pytest.mark.row("IP-05")
async def test_la_suite_d_un_telecontrole_se_retrouve_des_deux_cotes(registre: Registre) -> None:
    controle = un_telecontrole(Etat.TERMINE, besoins=("lsf", "vue"), code="ABCD2345")
    controle.cloturer(a(30), Etat.INCIDENT_TECHNIQUE, OriginePresentiel.INCIDENT_TECHNIQUE)
    async with registre.transaction() as unite:
        await unite.enregistrer(controle)

    suivant = suivre_en_visio(
        controle, "tc-2", a(9 * 24 * 60), incidents_de_la_serie=1, accord=True
    )
    suivant.code = "EFGH6789"
    async with registre.transaction() as unite:
        await unite.enregistrer(controle)
        await unite.enregistrer(suivant)

    async with registre.transaction() as unite:
        assert await unite.telecontrole("tc-1") == controle
        assert await unite.telecontrole("tc-2") == suivant
    assert (controle.presentiel, controle.suivi_par) == (None, "tc-2")


async def test_un_telecontrole_inconnu_est_refuse(registre: Registre) -> None:
    async with registre.transaction() as unite:
        with pytest.raises(TelecontroleInconnu):
            await unite.telecontrole("absent")
        with pytest.raises(TelecontroleInconnu):
            await unite.inscrire("absent", FAITS.faits[0])


async def test_modifier_une_copie_ne_change_pas_le_registre(registre: Registre) -> None:
    await preparer(registre)

    async with registre.transaction() as unite:
        (await unite.telecontrole("tc-1")).entrer(a(0))

    async with registre.transaction() as unite:
        assert (await unite.telecontrole("tc-1")).etat is Etat.RAPPELE


@pytest.mark.row("OP-02")
async def test_les_faits_inscrits_forment_la_chaine(registre: Registre) -> None:
    await preparer(registre)

    async with registre.transaction() as unite:
        lignes = list(await unite.lignes("tc-1"))

    assert lignes == enchainer(FAITS.faits)
    assert [ligne.recalculer() for ligne in lignes] == [ligne.empreinte for ligne in lignes]


async def test_un_bloc_qui_leve_ne_garde_rien(registre: Registre) -> None:
    await preparer(registre)

    with pytest.raises(RuntimeError):
        await _echouer(registre)

    async with registre.transaction() as unite:
        assert len(await unite.lignes("tc-1")) == 2
        assert (await unite.telecontrole("tc-1")).etat is Etat.RAPPELE
        with pytest.raises(TelecontroleInconnu):
            await unite.telecontrole("tc-2")


async def _echouer(registre: Registre) -> None:
    async with registre.transaction() as unite:
        await unite.inscrire("tc-1", FAITS.faits[0])
        await unite.enregistrer(un_telecontrole(Etat.EN_ATTENTE))
        await unite.enregistrer(un_telecontrole(id="tc-2"))
        raise RuntimeError


@pytest.mark.row("OP-02")
async def test_un_sceau_ne_se_pose_que_sur_la_tete(registre: Registre) -> None:
    await preparer(registre)
    lignes = enchainer(FAITS.faits)

    async with registre.transaction() as unite:
        with pytest.raises(SceauIncoherent):
            await unite.sceller(sceller(lignes, 1))
        with pytest.raises(SceauIncoherent):
            await unite.sceller(replace(sceller(lignes, 2), tete="0" * 64))
        await unite.sceller(sceller(lignes, 2))

    async with registre.transaction() as unite:
        assert list(await unite.sceaux("tc-1")) == [sceller(lignes, 2)]


@pytest.mark.row("OP-08")
async def test_les_versions_de_l_issue_se_suivent(registre: Registre) -> None:
    await preparer(registre)

    async with registre.transaction() as unite:
        await unite.enregistrer_issue("tc-1", une_issue(1))
        for version in (1, 3):
            with pytest.raises(VersionConcurrente):
                await unite.enregistrer_issue("tc-1", une_issue(version))
        await unite.enregistrer_issue("tc-1", une_issue(2))

    async with registre.transaction() as unite:
        assert list(await unite.issues("tc-1")) == [une_issue(1), une_issue(2)]


@pytest.mark.row("OP-12")
async def test_le_motif_d_une_anticipation_est_garde(registre: Registre) -> None:
    await preparer(registre)
    issue = replace(une_issue(), motif_anticipation="assure_a_prevenu")

    async with registre.transaction() as unite:
        await unite.enregistrer_issue("tc-1", issue)

    async with registre.transaction() as unite:
        assert [i.empreinte() for i in await unite.issues("tc-1")] == [issue.empreinte()]


async def test_la_journee_d_un_medecin_est_en_ordre_et_a_lui(registre: Registre) -> None:
    async with registre.transaction() as unite:
        for identifiant, minutes, medecin in (
            ("b", 30, "mc-1"),
            ("a", 30, "mc-1"),
            ("c", 0, "mc-1"),
            ("d", 0, "mc-2"),
            ("e", 60, "mc-1"),
        ):
            await unite.enregistrer(
                un_telecontrole(id=identifiant, debut=a(minutes), medecin_conseil=medecin)
            )

    async with registre.transaction() as unite:
        journee = await unite.du_medecin("mc-1", DIX_HEURES, a(60))

    assert [controle.id for controle in journee] == ["c", "a", "b"]


async def test_les_instants_reviennent_en_utc(registre: Registre) -> None:
    await preparer(registre)

    async with registre.transaction() as unite:
        lignes = await unite.lignes("tc-1")
        controle = await unite.telecontrole("tc-1")

    assert lignes[0].fait.instant == datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    assert controle.debut.utcoffset() == DIX_HEURES.utcoffset()
