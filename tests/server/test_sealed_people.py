"""One person's key is destroyed: nothing of theirs opens any more, and nothing else is lost."""

import json
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import stores
from planning_people import PLAN, SECRET, Office
from server_people import Browser
from sqlalchemy import select, update
from test_vault_rotation import at_once, posted, resealing

from controle.justification import MotifAbsence
from controle.verification import verifier
from server.caisse import agent_view
from server.identity.api_keys import SCOPES, ApiKeys
from server.identity.secrets import Keeper
from server.identity.vault import Unreadable
from server.notify import shown
from server.store import listed, people
from server.store import schema as t
from server.store.planned import Filters, page
from server.store.sealed import ALTERED, ERASED, PersonneEffacee, forget, person

PAPER = b"%PDF-1.4 une attestation"
LIST = "/api/agent/telecontroles"
GONE, KEPT = 7, 13
FIRST = datetime(2027, 1, 14, 9, tzinfo=ZoneInfo("Europe/Paris"))


async def twenty(office: Office) -> list[str]:
    """Twenty people, who were written to; one of them has given needs and a document."""
    made = []
    for number in range(20):
        start = FIRST + timedelta(days=number // 8, minutes=30 * (number % 8))
        if start.weekday() > 4:
            start += timedelta(days=2)
        un = await office.plan(
            name=f"Zwijnaarde{number:02d}",
            doctor="mc-1",
            start=start.strftime("%Y-%m-%dT%H:%M"),
            reference=f"D-{number:02d}",
            mail=f"assure{number:02d}@exemple.fr",
            phone=f"06 39 98 01 {number:02d}",
            address=f"{number:02d} rue des Glycines",
        )
        made.append(un.id)
    await posted(office)
    await office.justify(made[GONE], str(MotifAbsence.TRANSPORT), document=PAPER)
    async with office.changing(made[GONE]) as (unite, un):
        un.besoins = ("lsf",)
        await unite.enregistrer(un)
    return made


async def whose(office: Office, telecontrole: str) -> str:
    return (await office.stored(telecontrole)).assure


async def forgotten(office: Office, telecontrole: str) -> str:
    one = await whose(office, telecontrole)
    async with office.registre.transaction() as unite:
        assert await forget(unite.connection, one)
    await office.database.settle()
    return one


@pytest.mark.row("SP-10")
async def test_of_twenty_people_one_is_forgotten_and_nineteen_are_read(office: Office) -> None:
    ids = await twenty(office)
    before = [await told(office, un) for un in ids]

    await forgotten(office, ids[GONE])

    after = [await told(office, un) for un in ids]
    assert all(ERASED not in json.dumps(one, ensure_ascii=False) for one in before)
    for number, (was, now_is) in enumerate(zip(before, after, strict=True)):
        if number == GONE:
            assert (now_is["name"], now_is["needs"]) == (ERASED, [])
            assert now_is["contacts"] == ["", "", ""]
            assert set(now_is["messages"]) == {(ERASED, ERASED)}
        else:
            assert now_is == was


async def told(office: Office, telecontrole: str) -> dict[str, Any]:
    """All that the store says of one person."""
    async with office.registre.lecture() as unite:
        un = await unite.telecontrole(telecontrole)
        one = await people.assure(unite.connection, un.assure)
        sent = await unite.connection.scalars(
            select(t.envoi.c.id).where(t.envoi.c.telecontrole == un.id, t.envoi.c.etat == "envoye")
        )
        messages = [await shown.one(unite.connection, envoi) for envoi in sent.all()]
        return {
            "name": one.nom,
            "called": (await listed.one(unite.connection, un.id)).name,
            "contacts": [one.courriel, one.telephone, one.adresse],
            "reference": one.reference,
            "needs": list(un.besoins),
            "messages": [(message.to, message.text) for message in messages],
        }


@pytest.mark.row("SP-10")
async def test_every_chain_verifies_as_before(office: Office) -> None:
    ids = await twenty(office)

    await forgotten(office, ids[GONE])

    ring = office.rings.seals
    for un in ids:
        async with office.registre.lecture() as unite:
            record = await office.recorder.export(unite, un)
        assert verifier(record, ring.verify).valide
        assert office.recorder.intact(record)


@pytest.mark.row("SP-10")
async def test_screens_and_exports_say_that_it_was_erased_and_never_fail(
    office: Office, console: Browser, base: str
) -> None:
    ids = await twenty(office)
    un = ids[GONE]
    detail = await console.ok(f"{LIST}/{un}", method="GET")
    (given,) = detail["justifications"]

    await forgotten(office, un)

    listed = await console.ok(f"{LIST}?taille=50", method="GET")
    names = {one["id"]: one["assure"] for one in listed["items"]}
    assert [names[one] == ERASED for one in ids[: GONE + 1]] == [False] * GONE + [True]
    after = await console.ok(f"{LIST}/{un}", method="GET")
    assert after["planned"]["assure"] == ERASED
    assert after["planned"]["needs"] == []
    assert (after["mail"], after["phone"], after["address"]) == ("", "", "")
    assert {one["to"] for one in after["messages"]} == {ERASED}
    assert {one["state"] for one in after["messages"]} == {"envoye", "retire"}
    words = [
        await console.ok(f"{LIST}/{un}/messages/{one['id']}", method="GET")
        for one in after["messages"]
    ]
    assert {one["text"] for one in words} <= {ERASED, ""}
    assert ERASED in {one["text"] for one in words}
    document = await console.get(f"{LIST}/{un}/justifications/{given['id']}/document")
    assert (document.status, document.error["code"]) == (410, "document_efface")
    for table in (f"{LIST}.csv", "/api/agent/envois.csv", "/api/agent/envois"):
        answer = await console.get(table)
        assert (answer.status, ERASED in answer.raw.decode()) == (200, True)
        assert "Zwijnaarde07" not in answer.raw.decode()
    contact = await console.post(f"{LIST}/{un}/coordonnees", {"mail": "a@exemple.fr"})
    assert (contact.status, contact.error["code"]) == (409, "personne_effacee")

    async with AsyncExitStack() as stack:
        doctor = Browser(base)
        stack.push_async_callback(doctor.close)
        async with office.registre.transaction() as unite:
            login = await office.links.make_login(
                unite.connection, "mc-1", expires=None, once=False
            )
            key = (
                await ApiKeys(Keeper(SECRET)).make(
                    unite.connection, "rennes", "essai", SCOPES, office.clock()
                )
            )[1]
        await doctor.ok("/api/console/session", {"login": login})
        seen = await doctor.get(f"/api/console/telecontroles/{un}")
        assert seen.status == 200
        assert "Zwijnaarde07" not in seen.raw.decode()
        system = await doctor.get(
            f"/api/v1/telecontroles/{un}", headers={"Authorization": f"Bearer {key}"}
        )
        assert (system.status, system.json["besoins"]) == (200, [])


@pytest.mark.row("SP-10")
async def test_nothing_of_a_forgotten_person_is_in_the_files_once_the_service_s_key_is_changed(
    office: Office, tmp_path: Path
) -> None:
    ids = await twenty(office)
    one = await whose(office, ids[GONE])
    async with office.registre.lecture() as unite:
        kept = await unite.connection.scalar(select(t.assure.c.cle).where(t.assure.c.id == one))

    await forgotten(office, ids[GONE])
    after = b"".join(path.read_bytes() for path in (tmp_path / "office").glob("telecontrole.db*"))
    await resealing(office.database, rest=at_once).rotate()

    # Not even sealed: the place where it lay was written over.
    assert kept.encode() not in after
    # And what a backup holds of it opens with nothing that is left.
    with pytest.raises(Unreadable):
        office.database.safe.unwrapped(one, kept)


@pytest.mark.row("SP-10")
async def test_another_process_that_had_the_key_at_hand_does_not_use_it(
    office: Office, tmp_path: Path
) -> None:
    ids = await twenty(office)
    one = await whose(office, ids[GONE])
    other = await stores.opened(tmp_path / "office/telecontrole.db")
    async with other.read() as connection:
        before = (await people.assure(connection, one)).nom

    await forgotten(office, ids[GONE])

    async with other.read() as connection:
        after = (await people.assure(connection, one)).nom
    await other.close()
    assert (before, after) == ("Zwijnaarde07", ERASED)


async def test_who_is_forgotten_twice_was_gone_and_is_not_written_about(office: Office) -> None:
    (un, *_) = await twenty(office)
    one = await forgotten(office, un)

    async with office.registre.transaction() as unite:
        again = await forget(unite.connection, one)
        with pytest.raises(PersonneEffacee):
            await person(unite.connection, one)

    assert again is False


async def test_the_same_reference_then_is_somebody_new(office: Office, console: Browser) -> None:
    ids = await twenty(office)
    one = await forgotten(office, ids[KEPT])

    form = PLAN | {"name": "Tout Autre", "start": "2027-01-21T09:00", "reference": f"D-{KEPT}"}
    made = await console.ok(LIST, form)

    assert made["planned"]["assure"] == "Mme Tout Autre"
    assert await whose(office, made["planned"]["id"]) != one


async def test_a_planned_convocation_of_a_forgotten_person_does_not_leave(office: Office) -> None:
    un = await office.plan()
    await forgotten(office, un.id)

    await posted(office)

    assert {state for *_, state in await office.messages(un.id)} == {"retire"}


# --- searched by name ---------------------------------------------------------------------------


@pytest.mark.row("CN-08")
@pytest.mark.parametrize("words", ["zwijnaarde07", "AARDE07", "D-07"])
async def test_agents_find_a_person_by_a_piece_of_the_name_that_is_sealed(
    office: Office, words: str
) -> None:
    ids = await twenty(office)

    async with office.registre.lecture() as unite:
        total, rows = await page(unite.connection, Filters("rennes", words=words), 1)
        none, _ = await page(unite.connection, Filters("lille", words=words), 1)
        every, _ = await page(unite.connection, Filters("rennes", words="zwij"), 1, size=5)

    assert (total, [row["id"] for row in rows], none, every) == (1, [ids[GONE]], 0, 20)
    assert agent_view.planned(rows[0], []).assure == "Mme Zwijnaarde07"


@pytest.mark.row("SP-10")
async def test_a_forgotten_person_is_found_by_no_name(office: Office) -> None:
    ids = await twenty(office)
    await forgotten(office, ids[GONE])

    async with office.registre.lecture() as unite:
        by_name, _ = await page(unite.connection, Filters("rennes", words="aarde07"), 1)
        by_mark, _ = await page(unite.connection, Filters("rennes", words="effac"), 1)
        by_reference, _ = await page(unite.connection, Filters("rennes", words="D-07"), 1)

    assert (by_name, by_mark, by_reference) == (0, 0, 1)


@pytest.mark.row("OP-07")
async def test_an_altered_row_is_said_so_and_keeps_nobody_else_from_being_seen_or_told(
    office: Office, console: Browser
) -> None:
    wrong = [await office.plan(reference="D-1"), await office.plan(doctor="mc-2", reference="D-2")]
    right = await office.plan(start="2027-01-14T15:30", reference="D-3")
    async with office.registre.transaction() as unite:
        to = update(t.envoi).where(t.envoi.c.telecontrole == wrong[0].id)
        await unite.connection.execute(to.values(destinataire="p.AAAA"))
        whose = update(t.assure)
        for un, values in zip(wrong, ({"nom": "p.AAAA"}, {"cle": "k2.AAAA"}), strict=True):
            await unite.connection.execute(whose.where(t.assure.c.id == un.assure).values(values))

    await posted(office)
    listed = (await console.ok(LIST, method="GET"))["items"]
    told = (await console.ok("/api/agent/envois", method="GET"))["items"]

    names = {one["id"]: one["assure"] for one in listed}
    assert [names[un.id] for un in (*wrong, right)] == [ALTERED, ERASED, "Mme Zwijnaarde"]
    states = {
        un.id: {one["state"] for one in told if one["telecontrole"] == un.id and one["sent"]}
        for un in (*wrong, right)
    }
    assert states == {wrong[0].id: set(), wrong[1].id: set(), right.id: {"envoye"}}


# --- who can write the store --------------------------------------------------------------------


@pytest.mark.row("OP-07")
@pytest.mark.parametrize("column", ["nom", "telephone", "courriel", "adresse", "civilite"])
async def test_who_writes_the_store_cannot_put_one_person_s_words_in_another_s_place(
    office: Office, column: str
) -> None:
    mine, other = (
        await office.plan(reference="D-1"),
        await office.plan(doctor="mc-2", reference="D-2", address="1 rue de l'Exemple"),
    )
    async with office.registre.transaction() as unite:
        sealed = await unite.connection.scalar(
            select(t.assure.c[column]).where(t.assure.c.id == other.assure)
        )
        await unite.connection.execute(
            update(t.assure).where(t.assure.c.id == mine.assure).values({column: sealed})
        )

        with pytest.raises(Unreadable):
            await people.assure(unite.connection, mine.assure)
        for clear in ("+33600000000", "p.+33600000000"):
            await unite.connection.execute(
                update(t.assure).where(t.assure.c.id == mine.assure).values({column: clear})
            )
            with pytest.raises(Unreadable):
                await people.assure(unite.connection, mine.assure)
