"""The in-person way out: one appointment for each request, convoked at the latest at J-2."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from planning_people import SITE, Office

from controle.agenda import CreneauPris
from controle.calendrier import ConvocationTardive
from controle.presentiel import PresentielSansDemande, PresentielTermine
from controle.telecontrole import Etat, OriginePresentiel, Telecontrole
from server.caisse.inperson import SiteInconnu
from server.store import appointments
from server.store import schema as t
from server.store.planned import Filters, page
from server.web.agent_messages import InPersonForm

BOTH = {
    (kind, channel, "prepare")
    for kind in ("presentiel", "rappel_presentiel")
    for channel in ("courriel", "sms")
}


async def refused(office: Office, **changes: Any) -> Telecontrole:
    """A télécontrôle whose visio the assuré has refused."""
    un = await office.plan(**changes)
    async with office.changing(un.id) as (unite, stored):
        stored.refuser_visio(office.clock())
        await unite.enregistrer(stored)
    return un


async def book(office: Office, identifier: str, start: str = "2027-01-18T10:00") -> str:
    async with office.changing(identifier) as (unite, un):
        form = InPersonForm(site="site-1", start=start)
        return (await office.in_person.book(unite, un, form, "agent-1")).id


async def to_fix(office: Office) -> set[str]:
    async with office.registre.lecture() as unite:
        _, rows = await page(unite.connection, Filters("rennes", tasks=True), 1)
    return {row["id"] for row in rows if row["a_fixer"]}


def justified(un: Telecontrole, now: datetime) -> None:
    un.justifier_absence(now)


def clinical(un: Telecontrole, now: datetime) -> None:
    un.entrer(un.debut)
    un.constater_examen_clinique(now)


def doubtful(un: Telecontrole, now: datetime) -> None:
    un.entrer(un.debut)
    un.identite_non_confirmee(now)


def broken(un: Telecontrole, now: datetime) -> None:
    un.entrer(un.debut)
    un.cloturer(now, Etat.INCIDENT_TECHNIQUE, OriginePresentiel.INCIDENT_TECHNIQUE)


def converted(un: Telecontrole, now: datetime) -> None:
    un.demander_presentiel(now)


def declined(un: Telecontrole, now: datetime) -> None:
    un.refuser_visio(now)


def missed(un: Telecontrole, now: datetime) -> None:
    un.cloturer(now, Etat.NON_CONNECTE, OriginePresentiel.EXAMEN_CLINIQUE)


@pytest.mark.row("IP-01")
@pytest.mark.parametrize(
    "trigger", [declined, justified, clinical, doubtful, broken, converted, missed]
)
async def test_every_trigger_is_one_request_to_fix_until_it_is_fixed(
    office: Office, trigger: Callable[[Telecontrole, datetime], None]
) -> None:
    un = await office.plan()
    await office.plan(start="2027-01-15T10:00")
    for _ in range(2):
        async with office.changing(un.id) as (unite, stored):
            if stored.presentiel is None:
                trigger(stored, office.clock())
            await unite.enregistrer(stored)

    assert len(await office.rows(t.demande_presentiel)) == 1
    assert await to_fix(office) == {un.id}
    await book(office, un.id)
    assert await to_fix(office) == set()


@pytest.mark.row("IP-02")
async def test_booked_it_convokes_by_both_channels_and_on_the_eve(office: Office) -> None:
    un = await refused(office)

    booked = await book(office, un.id)

    assert await office.messages(booked) == BOTH
    assert (await office.kinds(un.id))[-1] == "presentiel_fixe"
    rows = await office.rows(t.envoi, t.envoi.c.genre == "rappel_presentiel")
    assert {row.du for row in rows} == {"2027-01-17T07:00:00.000000+00:00"}
    assert {row.limite for row in rows} == {"2027-01-17T18:00:00.000000+00:00"}


@pytest.mark.row("IP-02")
async def test_in_person_too_two_days_before_at_the_latest(office: Office) -> None:
    un = await refused(office)

    with pytest.raises(ConvocationTardive):
        await book(office, un.id, "2027-01-12T10:00")

    assert await office.rows(t.rendez_vous) == []


@pytest.mark.row("CA-02")
async def test_in_person_and_visio_share_one_agenda(office: Office) -> None:
    un = await refused(office)
    await office.plan(start="2027-01-18T10:00", name="Autre")

    with pytest.raises(CreneauPris):
        await book(office, un.id, "2027-01-18T10:15")
    await book(office, un.id, "2027-01-18T11:00")
    with pytest.raises(CreneauPris):
        await office.plan(start="2027-01-18T11:00", name="Encore")


async def test_nothing_is_booked_that_nothing_asks_for(office: Office) -> None:
    un = await office.plan()

    with pytest.raises(PresentielSansDemande):
        await book(office, un.id)


async def test_a_site_of_another_caisse_is_no_site(office: Office) -> None:
    un = await refused(office)
    async with office.changing(un.id) as (unite, stored):
        form = InPersonForm(site="ailleurs", start="2027-01-18T10:00")
        with pytest.raises(SiteInconnu):
            await office.in_person.book(unite, stored, form, "agent-1")


@pytest.mark.row("IP-04")
async def test_a_booth_of_the_caisse_is_a_place_to_be_received_too(office: Office) -> None:
    un = await refused(office)
    booth = SITE | {"id": "cabine", "nom": "France services", "genre": "visio_accompagnee"}
    async with office.registre.transaction() as unite:
        await unite.connection.execute(t.site.insert().values(booth))

    async with office.changing(un.id) as (unite, stored):
        form = InPersonForm(site="cabine", start="2027-01-18T10:00")
        booked = await office.in_person.book(unite, stored, form, "agent-1")

    assert booked.site == "cabine"
    assert await office.messages(booked.id) == BOTH
    async with office.registre.lecture() as unite:
        kinds = {row["genre"] for row in await appointments.sites(unite.connection, "rennes")}
    assert kinds == {"caisse", "visio_accompagnee"}


@pytest.mark.row("IP-02")
async def test_another_date_replaces_the_first_and_only_one_holds(office: Office) -> None:
    un = await refused(office)
    first = await book(office, un.id)

    second = await book(office, un.id, "2027-01-18T10:15")

    async with office.registre.lecture() as unite:
        known = await appointments.of(unite.connection, un.id)
    assert [(one.id, str(one.etat), one.sequence) for one in known] == [
        (first, "deplace", 0),
        (second, "convoque", 1),
    ]
    assert {state for *_, state in await office.messages(first)} == {"retire"}
    assert await office.messages(second) == BOTH


async def test_cancelled_the_request_waits_for_another_date(office: Office) -> None:
    un = await refused(office)
    booked = await book(office, un.id)

    async with office.changing(un.id) as (unite, stored):
        await office.in_person.cancel(unite, stored, "agent-1")
    async with office.changing(un.id) as (unite, stored):
        with pytest.raises(PresentielTermine):
            await office.in_person.cancel(unite, stored, "agent-1")

    told = await office.messages(booked)
    assert ("annulation_presentiel", "courriel", "prepare") in told
    assert ("presentiel", "courriel", "retire") in told
    assert await to_fix(office) == {un.id}
    await book(office, un.id)


@pytest.mark.row("CN-05")
async def test_without_mail_or_mobile_a_letter_is_to_be_posted(office: Office) -> None:
    un = await refused(office, mail="", phone="", address="1 rue de l'Exemple, 35000 Rennes")

    booked = await book(office, un.id)

    assert await office.messages(booked) == {("presentiel", "courrier", "prepare")}
    assert "courrier_presentiel" in await office.tasks(un.id)


@pytest.mark.row("IP-03")
async def test_the_next_free_hours_are_proposed_during_the_call(office: Office) -> None:
    un = await office.plan()
    await office.plan(start="2027-01-13T08:00", name="Autre")

    async with office.registre.lecture() as unite:
        proposed = await office.in_person.propose(unite, un)

    first = datetime(2027, 1, 13, 7, 30, tzinfo=UTC)
    half = timedelta(minutes=30)
    assert [one.debut for one in proposed] == [first, first + half, first + 2 * half]
