"""Planning, moving, cancelling, reassigning: what each writes, and what it refuses."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from planning_people import MONDAY, RENNES, Office, form, office_over

from controle.agenda import CreneauPris, Disponibilite, MedecinIndisponible, Plage
from controle.calendrier import ConvocationTardive, HorsHoraires, JourNonOuvre
from controle.refus import Refus
from controle.telecontrole import (
    Acces,
    Etat,
    Fenetre,
    SuiteDejaDonnee,
    TransitionImpossible,
)
from server.caisse import contacts
from server.caisse.asked import DejaPlanifie
from server.caisse.slots import DateIllisible, MedecinInconnu
from server.store import agenda, people, tasks
from server.store import schema as t
from server.web.agent_messages import MoveForm

PENDING = {
    ("convocation", "courriel", "prepare"),
    ("convocation", "sms", "prepare"),
    ("rappel", "courriel", "prepare"),
    ("rappel", "sms", "prepare"),
}


async def refusal(office: Office, **changes: Any) -> type[Refus]:
    """Why this form is refused; nothing of it is kept."""
    before = len(await office.rows(t.assure))
    with pytest.raises(Refus) as refused:
        await office.plan(**changes)
    assert len(await office.rows(t.assure)) == before
    return type(refused.value)


# --- planning -----------------------------------------------------------------------------------


@pytest.mark.row("CN-01")
async def test_a_planned_one_has_its_link_its_fact_and_its_two_pairs_of_messages(
    office: Office,
) -> None:
    un = await office.plan()

    stored = await office.stored(un.id)
    assert stored.etat is Etat.CONVOQUE
    assert stored.debut == datetime(2027, 1, 14, 13, 30, tzinfo=UTC)
    assert await office.kinds(un.id) == ["planifie"]
    assert await office.messages(un.id) == PENDING
    async with office.registre.lecture() as unite:
        secret = await office.links.secret_of(unite.connection, un.id)
        assert secret is not None
        assert await office.links.telecontrole(unite.connection, secret) == un.id


@pytest.mark.row("CN-02")
async def test_two_days_before_until_midnight_and_not_a_minute_later(office: Office) -> None:
    thursday = {"start": "2027-01-14T14:30"}

    office.clock.set(datetime(2027, 1, 12, 22, 59, tzinfo=UTC))
    await office.plan(**thursday)
    office.clock.set(datetime(2027, 1, 12, 23, 0, tzinfo=UTC))
    with pytest.raises(ConvocationTardive) as late:
        await office.plan(**thursday, doctor="mc-2")

    assert late.value.premiere_date == date(2027, 1, 15)


@pytest.mark.row("CN-02")
async def test_the_days_are_those_of_the_caisse_over_the_sea(blank: Path, tmp_path: Path) -> None:
    overseas = replace(RENNES, id="rennes", fuseau="America/Guadeloupe", territoire="971")

    async with office_over(blank, tmp_path / "971", overseas) as office:
        # 23:59 on Tuesday in Pointe-à-Pitre is Wednesday already in Paris.
        office.clock.set(datetime(2027, 1, 13, 3, 59, tzinfo=UTC))
        un = await office.plan(start="2027-01-14T14:30")

    assert un.debut == datetime(2027, 1, 14, 18, 30, tzinfo=UTC)


@pytest.mark.row("CA-02")
@pytest.mark.parametrize(
    ("territory", "start", "why"),
    [
        ("", "2027-03-26T10:00", None),
        ("57", "2027-03-26T10:00", JourNonOuvre),  # Good Friday, in Moselle only
        ("", "2027-07-14T10:00", JourNonOuvre),
        ("974", "2027-12-20T10:00", JourNonOuvre),  # abolition of slavery, in La Réunion only
        ("", "2027-12-20T10:00", None),
    ],
)
async def test_the_holidays_are_those_of_the_territory(
    blank: Path, tmp_path: Path, territory: str, start: str, why: type[Refus] | None
) -> None:
    async with office_over(blank, tmp_path / "x", replace(RENNES, territoire=territory)) as office:
        if why is None:
            await office.plan(start=start)
        else:
            assert await refusal(office, start=start) is why


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"start": "2027-01-16T10:00"}, JourNonOuvre),
        ({"start": "2027-01-14T06:00"}, HorsHoraires),
        ({"start": "2027-02-31T10:00"}, DateIllisible),
        ({"doctor": "mc-lille"}, MedecinInconnu),
        ({"doctor": "personne"}, MedecinInconnu),
        ({"context": "autre"}, contacts.ContexteInconnu),
        ({"mail": "pas un courriel"}, contacts.CourrielInvalide),
        ({"phone": "12"}, contacts.TelephoneInvalide),
        ({"mail": "", "phone": ""}, contacts.SansContact),
        ({"mail": "", "phone": "01 23 45 67 89"}, contacts.SansContact),
        ({"language": "xx"}, contacts.LangueInconnue),
        ({"civility": "Dr"}, contacts.CiviliteInconnue),
        ({"name": " \t "}, contacts.NomVide),
        ({"reference": "1 85 05 78 006 084 36"}, contacts.ReferenceInterdite),
        ({"reference": "2 85 05 2A 006 084"}, contacts.ReferenceInterdite),
    ],
)
async def test_each_thing_that_is_wrong_has_its_own_refusal(
    office: Office, changes: dict[str, Any], why: type[Refus]
) -> None:
    assert await refusal(office, **changes) is why


@pytest.mark.row("CA-02")
async def test_a_hundred_at_once_for_one_slot_and_one_is_booked(office: Office) -> None:
    tries = [office.plan(name=f"Personne {n}", mail=f"p{n}@exemple.fr") for n in range(100)]

    results = await asyncio.gather(*tries, return_exceptions=True)

    assert sum(isinstance(one, CreneauPris) for one in results) == 99
    assert len(await office.rows(t.telecontrole)) == 1
    assert len(await office.rows(t.assure)) == 1


@pytest.mark.row("CA-02")
async def test_two_that_overlap_are_one_too_many_and_two_that_touch_are_not(
    office: Office,
) -> None:
    await office.plan(start="2027-01-14T14:00", minutes=60)

    assert await refusal(office, start="2027-01-14T14:50") is CreneauPris
    assert await refusal(office, start="2027-01-14T13:40") is CreneauPris
    await office.plan(start="2027-01-14T15:00")
    await office.plan(start="2027-01-14T14:30", doctor="mc-2")


@pytest.mark.row("CA-02")
async def test_nobody_is_booked_while_away_or_outside_their_hours(office: Office) -> None:
    async with office.registre.transaction() as unite:
        morning = Plage(MONDAY + timedelta(days=3), MONDAY + timedelta(days=3, hours=3))
        await agenda.add_absence(unite.connection, "mc-1", morning)
        weekly = [Disponibilite(3, time(9), time(12))]
        await agenda.set_availabilities(unite.connection, "mc-2", weekly)

    assert await refusal(office, start="2027-01-14T10:00") is MedecinIndisponible
    assert await refusal(office, start="2027-01-14T14:00", doctor="mc-2") is MedecinIndisponible
    await office.plan(start="2027-01-14T09:00", doctor="mc-2")


async def test_free_slots_skip_what_is_taken_and_what_is_too_soon(office: Office) -> None:
    await office.plan(start="2027-01-13T08:30")

    async with office.registre.lecture() as unite:
        slots = await office.planning.slots(unite, RENNES, "mc-1", limit=3)

    hours = [slot.debut.isoformat() for slot in slots]
    assert hours == [
        "2027-01-13T07:00:00+00:00",
        "2027-01-13T08:00:00+00:00",
        "2027-01-13T08:30:00+00:00",
    ]


@pytest.mark.row("CN-05")
async def test_with_a_landline_alone_a_letter_is_to_be_posted_at_once(office: Office) -> None:
    un = await office.plan(mail="", phone="01 23 45 67 89", address="1 rue de l'Exemple, Rennes")

    assert await office.messages(un.id) == {("convocation", "courrier", "prepare")}
    assert await office.tasks(un.id) == {"courrier"}


async def test_a_landline_and_a_mail_are_told_by_mail_only(office: Office) -> None:
    un = await office.plan(phone="01 23 45 67 89")

    assert {channel for _, channel, _ in await office.messages(un.id)} == {"courriel"}
    assert await office.tasks(un.id) == set()


async def test_a_reference_names_the_same_person_again(office: Office) -> None:
    first = await office.plan(reference="D-1")

    second = await office.plan(reference="D-1", start="2027-01-15T10:00", mail="", phone="")

    assert second.assure == first.assure
    assert (await office.messages(second.id)) == PENDING


async def test_what_a_form_leaves_out_is_what_was_known_of_the_person(office: Office) -> None:
    first = await office.plan(reference="D-1", language="ar")

    second = await office.plan(reference="D-1", start="2027-01-15T10:00", civility="")

    async with office.registre.lecture() as unite:
        known = await people.assure(unite.connection, first.assure)
    assert (known.civilite, known.langue) == ("Mme", "ar")
    written = await office.rows(t.envoi, t.envoi.c.sujet == second.id)
    assert {row.langue for row in written} == {"ar"}


async def test_of_whom_no_language_is_known_it_is_french(office: Office) -> None:
    un = await office.plan(language="")

    sent = await office.rows(t.envoi, t.envoi.c.telecontrole == un.id)
    assert {row.langue for row in sent} == {"fr"}


async def test_a_reference_never_sends_one_persons_message_to_another(office: Office) -> None:
    await office.plan(reference="D-1", name="Lefèvre")

    other = await refusal(office, reference="D-1", name="Durand", start="2027-01-15T10:00")
    await office.plan(reference="D-1", name="LEFEVRE", start="2027-01-15T10:00")

    assert other is contacts.ReferenceDAutrui


async def test_the_same_appointment_is_not_planned_twice(office: Office) -> None:
    await office.plan(reference="D-1")

    assert await refusal(office, reference="D-1") is DejaPlanifie
    assert await refusal(office, reference="D-1", doctor="mc-2") is DejaPlanifie


# --- moving and cancelling ----------------------------------------------------------------------


@pytest.mark.row("CN-06")
async def test_moved_the_old_one_says_nothing_more_and_the_new_one_convokes(
    office: Office,
) -> None:
    old = await office.plan()

    async with office.changing(old.id) as (unite, un):
        new = await office.planning.move(unite, un, MoveForm(start="2027-01-18T10:00"), "agent-1")
    await office.planning.tell(un, new)

    stored, before = await office.stored(new.id), await office.stored(old.id)
    assert before.etat is Etat.REPORTE
    assert (stored.etat, stored.serie, stored.sequence) == (Etat.CONVOQUE, old.serie, 1)
    assert stored.suite_de == old.id
    assert {state for *_, state in await office.messages(old.id)} == {"retire"}
    kinds = {kind for kind, *_ in await office.messages(new.id)}
    assert kinds == {"deplacement", "rappel"}
    assert office.closed == [(old.id, "cancelled")]
    async with office.registre.lecture() as unite:
        assert len(await unite.sceaux(old.id)) == 1


@pytest.mark.row("AC-05")
async def test_moved_what_is_to_be_done_about_the_person_is_not_forgotten(office: Office) -> None:
    old = await office.plan()
    async with office.changing(old.id) as (unite, un):
        un.besoins = ("lsf",)
        await unite.enregistrer(un)
        for task in ("besoins", "mauvais_destinataire", "non_remise"):
            await tasks.open_task(unite.connection, un.id, un.caisse, task, office.clock())

    async with office.changing(old.id) as (unite, un):
        new = await office.planning.move(unite, un, MoveForm(start="2027-01-18T10:00"), "agent-1")

    assert await office.tasks(old.id) == set()
    assert await office.tasks(new.id) == {"besoins", "mauvais_destinataire"}
    assert (await office.stored(new.id)).besoins == ("lsf",)


@pytest.mark.row("CN-06")
async def test_moving_checks_the_two_days_again(office: Office) -> None:
    un = await office.plan()
    office.clock.pass_by(days=1)

    async with office.changing(un.id) as (unite, stored):
        with pytest.raises(ConvocationTardive):
            await office.planning.move(unite, stored, MoveForm(start="2027-01-13T10:00"), "a")

    assert await office.messages(un.id) == PENDING


async def test_it_may_move_by_half_of_its_own_slot(office: Office) -> None:
    old = await office.plan()

    async with office.changing(old.id) as (unite, un):
        new = await office.planning.move(unite, un, MoveForm(start="2027-01-14T14:45"), "agent-1")

    assert new.debut == datetime(2027, 1, 14, 13, 45, tzinfo=UTC)


async def test_of_two_who_move_the_same_one_one_succeeds(office: Office) -> None:
    old = await office.plan()

    async def move(start: str) -> None:
        async with office.changing(old.id) as (unite, un):
            await office.planning.move(unite, un, MoveForm(start=start), "agent-1")

    results = await asyncio.gather(
        move("2027-01-18T10:00"), move("2027-01-18T11:00"), return_exceptions=True
    )

    refused = [one for one in results if one is not None]
    assert [type(one) for one in refused] in ([TransitionImpossible], [SuiteDejaDonnee])
    assert len(await office.rows(t.telecontrole)) == 2


@pytest.mark.row("CN-06")
async def test_cancelled_the_pending_messages_are_withdrawn_and_both_are_told(
    office: Office,
) -> None:
    old = await office.plan()

    for _ in range(2):
        async with office.changing(old.id) as (unite, un):
            await office.planning.cancel(unite, un, "agent-1")
        await office.planning.tell(un)

    assert await office.messages(old.id) == {
        (kind, channel, "retire") for kind, channel, _ in PENDING
    } | {("annulation", "courriel", "prepare"), ("annulation", "sms", "prepare")}
    assert await office.kinds(old.id) == ["planifie", "annule"]
    await office.plan(name="Autre", mail="b@exemple.fr")


async def test_what_is_over_is_neither_moved_nor_cancelled(office: Office) -> None:
    un = await office.plan()
    async with office.changing(un.id) as (unite, stored):
        stored.refuser_visio(office.clock())
        await unite.enregistrer(stored)

    async with office.changing(un.id) as (unite, stored):
        with pytest.raises(TransitionImpossible):
            await office.planning.cancel(unite, stored, "agent-1")
        with pytest.raises(TransitionImpossible):
            await office.planning.move(unite, stored, MoveForm(start="2027-01-18T10:00"), "a")


@pytest.mark.row("CA-06")
async def test_given_to_a_colleague_no_message_leaves_and_both_consoles_know(
    office: Office,
) -> None:
    un = await office.plan()
    office.clock.set(un.debut - timedelta(hours=2))
    before = await office.messages(un.id)

    async with office.changing(un.id) as (unite, stored):
        was = await office.planning.reassign(unite, stored, "mc-2", "agent-1")
    await office.planning.tell(stored, before=was)

    assert (await office.stored(un.id)).medecin_conseil == "mc-2"
    assert await office.messages(un.id) == before
    assert await office.kinds(un.id) == ["planifie", "reaffecte"]
    assert (office.told, office.released) == ([un.id], [(un.id, "mc-1")])


@pytest.mark.row("CA-06")
async def test_a_colleague_who_is_taken_or_elsewhere_takes_nothing_over(office: Office) -> None:
    un = await office.plan()
    await office.plan(name="Autre", doctor="mc-2", start="2027-01-14T14:15")

    async with office.changing(un.id) as (unite, stored):
        with pytest.raises(CreneauPris):
            await office.planning.reassign(unite, stored, "mc-2", "agent-1")
        with pytest.raises(MedecinInconnu):
            await office.planning.reassign(unite, stored, "mc-lille", "agent-1")


# --- when the service did not come --------------------------------------------------------------


@pytest.mark.row("OP-13")
async def test_a_doctor_who_did_not_come_means_apologies_and_a_new_date_once(
    office: Office,
) -> None:
    un = await office.plan()
    office.clock.set(un.debut + timedelta(minutes=40))
    async with office.changing(un.id) as (unite, stored):
        stored.entrer(un.debut)
        stored.cloturer(office.clock(), Etat.REPORTE)
        await unite.enregistrer(stored)

    followed = []
    for _ in range(2):
        async with office.changing(un.id) as (unite, stored):
            followed.append(await office.planning.follow_up_doctor_absent(unite, stored, "mc-1"))

    new, again = followed
    assert again is None
    assert new is not None
    assert {kind for kind, *_ in await office.messages(new.id)} == {"excuse", "rappel"}
    assert new.debut == datetime(2027, 1, 18, 7, 0, tzinfo=UTC)


@pytest.mark.row("IP-05")
async def test_after_two_failures_of_a_series_the_next_is_in_person(office: Office) -> None:
    first = await office.plan()
    await failed(office, first.id)
    second = await follow_up(office, first.id)
    assert second is not None
    await failed(office, second)

    third = await follow_up(office, second)

    assert third is None
    stored = await office.stored(second)
    assert stored.presentiel is not None
    # No new link will come: their page must not say to wait for one.
    assert stored.acces(office.clock(), Fenetre()) is Acces.PRESENTIEL


async def failed(office: Office, identifier: str) -> None:
    async with office.changing(identifier) as (unite, un):
        office.clock.set(un.debut + timedelta(hours=1))
        un.entrer(un.debut)
        un.cloturer(office.clock(), Etat.REPORTE)
        await unite.enregistrer(un)
        await unite.connection.execute(
            t.issue.insert().values(
                telecontrole=identifier,
                version=1,
                qualification="medecin_absent",
                conclusion="controle_impossible",
                signataire="mc-1",
                instant=office.clock().isoformat(),
            )
        )


async def follow_up(office: Office, identifier: str) -> str | None:
    async with office.changing(identifier) as (unite, un):
        new = await office.planning.follow_up_doctor_absent(unite, un, "mc-1")
        return new.id if new else None


# --- several caisses ----------------------------------------------------------------------------


async def test_a_reference_belongs_to_one_caisse(office: Office) -> None:
    await office.plan(reference="D-1")

    async with office.registre.transaction() as unite:
        lille = form(reference="D-1", doctor="mc-lille", name="Autre")
        un = await office.planning.plan(unite, "lille", lille, "agent-l")
        assure = await people.assure(unite.connection, un.assure)

    assert assure.caisse == "lille"
