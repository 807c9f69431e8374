"""Sockets at the door of a room: who is let in, who hears why not, and who is gone meanwhile."""

import asyncio

import pytest
from signaling_doubles import (
    PATIENCE,
    House,
    Person,
    people,
)

from signaling.room import NotAllowed


@pytest.mark.row("SP-01")
async def test_a_refused_connection_says_why(house: House) -> None:
    house.witness.revoked.add("revoked")
    tokens = {
        "nothing": "",
        "junk": "a.b.c",
        "console": house.token("medecin_conseil", kind="console"),
        "revoked": house.token("assure", session="revoked"),
    }

    codes = {name: await Person(house, "assure").refused(text) for name, text in tokens.items()}

    assert codes == {
        "nothing": "token_invalid", "junk": "token_invalid",
        "console": "token_wrong_type", "revoked": "token_revoked",
    }  # fmt: skip


@pytest.mark.row("SP-01")
async def test_a_token_opens_the_door_once(house: House) -> None:
    token = house.token("assure")
    assure = Person(house, "assure")
    await assure.connect(token)

    code = await Person(house, "assure").refused(token)

    assert code == "token_used"
    await assure.stop()


async def test_a_door_whose_record_is_away_says_to_come_again(house: House) -> None:
    house.witness.down = True

    code = await Person(house, "assure").refused(house.token("assure"))

    assert code == "unavailable"
    assert not house.sio.manager.pending_connect


@pytest.mark.row("SP-01")
async def test_the_name_of_a_page_has_its_form(house: House) -> None:
    person = Person(house, "assure", instance="<script>")

    code = await person.refused(house.token("assure"))

    assert code == "token_invalid"


async def test_closing_a_session_cuts_its_sockets_and_no_others(house: House) -> None:
    assure, medecin = Person(house, "assure"), Person(house, "medecin_conseil")

    async with people(assure, medecin):
        await house.door.close_session("session of assure")
        async with asyncio.timeout(PATIENCE):
            await assure.closed.wait()
        await medecin.barrier()

        assert medecin.client.connected


async def test_a_session_closed_while_its_socket_is_at_the_door_stays_outside(
    house: House,
) -> None:
    house.witness.door_open.clear()
    person = Person(house, "assure")
    coming = asyncio.create_task(person.refused(house.token("assure")))
    await house.witness.at_the_door.wait()

    await house.door.close_session("session of assure")
    house.witness.door_open.set()

    assert await coming == "token_revoked"
    assert (house.door._coming, house.door._who) == ({}, {})
    assert not house.witness.facts


async def test_a_socket_gone_while_its_token_is_looked_at_takes_no_seat(house: House) -> None:
    house.witness.door_open.clear()
    person = Person(house, "assure")
    coming = asyncio.create_task(person.refused(house.token("assure")))
    await house.witness.at_the_door.wait()

    (session,) = house.sio.engine.sessions.values()
    session._transport.abort()
    async with asyncio.timeout(PATIENCE):
        while house.sio.engine.sessions:
            await asyncio.sleep(0)
    house.witness.door_open.set()
    coming.cancel()
    medecin = Person(house, "medecin_conseil")
    async with people(medecin):
        await medecin.barrier()

        assert medecin.state["assure"]["presence"] == "absent"
        assert (house.door._coming, len(house.door._who)) == ({}, 1)
        assert len(house.sio.engine.sessions) == 1
        assert house.witness.kinds() == ["joined"]


async def test_who_cannot_be_put_on_record_is_not_in_the_room(house: House) -> None:
    person = Person(house, "assure")
    house.witness.refusing = NotAllowed("in_call", "Un autre télécontrôle est en cours.")

    token = house.token("assure")
    assert await person.refused(token) == "in_call"
    assert house.rooms.get("R") is None

    # Neither half of it was kept: the same token serves.
    house.witness.refusing = None
    await person.connect(token)
    assert house.rooms.get("R").assure.presence == "present"  # type: ignore[union-attr]
    await person.stop()
