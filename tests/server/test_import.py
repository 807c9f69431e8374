"""Planning by file: every line has its report, and all-or-nothing means it."""

import asyncio
import json
import time
from datetime import date, timedelta
from typing import Any

import pytest
from planning_people import Office
from server_people import Answer, Browser

from controle.telecontrole import Telecontrole
from server.caisse.planning import Planning
from server.store import schema as t
from server.store.people import opened

PATH = "/api/agent/import"
HEADER = "civility;name;reference;context;doctor;start;minutes;mail;phone;address;language"
GOOD = "Mme;Zwijnaarde;D-{n};arret_de_travail;mc-1;{start};30;a{n}@exemple.fr;0639980199;;fr"


def lines(count: int) -> list[str]:
    """Half-hours of mc-1, twenty-two a day, from Monday on."""
    made, day = [], date(2027, 1, 18)
    while len(made) < count:
        if day.weekday() < 5 and day not in {date(2027, 3, 29), date(2027, 5, 6)}:
            for half in range(22):
                start = f"{day}T{8 + half // 2:02d}:{half % 2 * 30:02d}"
                made.append(GOOD.format(n=len(made), start=start))
        day += timedelta(days=1)
    return made[:count]


async def send(
    console: Browser, body: str | bytes, query: str = "", kind: str = "text/csv"
) -> Answer:
    data = body.encode() if isinstance(body, str) else body
    headers = {"Content-Type": kind}
    return await console.ask("POST", f"{PATH}?{query}", data=data, headers=headers)


def table(*rows: str) -> str:
    return "\r\n".join((HEADER, *rows)) + "\r\n"


async def count(office: Office) -> int:
    return len(await office.rows(t.telecontrole))


@pytest.mark.row("CA-04")
async def test_good_lines_are_kept_and_bad_ones_say_field_code_and_message(
    console: Browser, office: Office
) -> None:
    good, other = lines(2)
    bad = good.replace("D-0", "D-9").replace("a0@exemple.fr", "nulle part").replace("fr", "xx")

    report = (await send(console, table(good, bad, "", other))).json

    assert (report["accepted"], report["refused"], report["applied"]) == (2, 1, True)
    assert [(one["line"], one["accepted"]) for one in report["lines"]] == [
        (2, True), (3, False), (5, True),
    ]  # fmt: skip
    errors = {(one["field"], one["code"]) for one in report["lines"][1]["errors"]}
    assert errors == {
        ("mail", "courriel_invalide"), ("language", "langue_inconnue"), ("start", "creneau_pris"),
    }  # fmt: skip
    assert all(one["message"].endswith(".") for one in report["lines"][1]["errors"])
    assert await count(office) == 2
    ids = {one.id for one in await office.rows(t.telecontrole)}
    assert {one["id"] for one in report["lines"] if one["id"]} == ids


@pytest.mark.row("CA-04")
async def test_all_or_nothing_keeps_nothing_when_one_line_is_wrong(
    console: Browser, office: Office
) -> None:
    good = lines(3)
    bad = good[2].replace("mc-1", "mc-lille")

    nothing = (await send(console, table(*good[:2], bad), "tout_ou_rien=1")).json
    before = await count(office), len(await office.rows(t.envoi)), len(await office.rows(t.assure))
    everything = (await send(console, table(*good), "tout_ou_rien=1")).json

    assert (nothing["applied"], nothing["accepted"], before) == (False, 2, (0, 0, 0))
    assert (everything["applied"], everything["accepted"]) == (True, 3)
    assert await count(office) == 3


@pytest.mark.row("CA-04")
@pytest.mark.parametrize("query", ["essai=1", "essai=1&tout_ou_rien=1"])
async def test_a_try_reports_all_and_plans_nothing(
    console: Browser, office: Office, query: str
) -> None:
    report = (await send(console, table(*lines(3)), query)).json

    assert (report["accepted"], report["applied"]) == (3, False)
    assert {one["id"] for one in report["lines"]} == {None}
    assert await count(office) == 0
    assert office.nudges == 0


@pytest.mark.row("CA-04")
@pytest.mark.parametrize("query", ["", "essai=1", "essai=1&tout_ou_rien=1"])
async def test_two_lines_of_one_file_cannot_have_the_same_slot_or_person(
    console: Browser, query: str
) -> None:
    first, second, third = lines(3)
    clash = first.replace("D-0", "D-7")
    again = first.replace("mc-1", "mc-2")
    thief = third.replace("D-2", "D-0").replace("Zwijnaarde", "Durand")

    report = (await send(console, table(first, clash, again, second, thief), query)).json

    codes = [[error["code"] for error in one["errors"]] for one in report["lines"]]
    assert codes == [[], ["creneau_pris"], ["deja_planifie"], [], ["reference_d_autrui"]]


@pytest.mark.row("CA-04")
async def test_the_same_file_twice_plans_once(console: Browser, office: Office) -> None:
    await send(console, table(*lines(3)))

    again = (await send(console, table(*lines(3)))).json

    assert again["accepted"] == 0
    assert {error["code"] for one in again["lines"] for error in one["errors"]} == {"deja_planifie"}
    assert await count(office) == 3


@pytest.mark.row("CA-04")
async def test_an_empty_cell_keeps_the_language_that_was_known(
    console: Browser, office: Office
) -> None:
    first, second = lines(2)
    await send(console, table(first.replace(";fr", ";pt")))

    await send(console, table(second.replace("D-1", "D-0").replace(";fr", ";")))

    (person,) = await office.rows(t.assure)
    assert person.langue == "pt"


@pytest.mark.row("CA-04")
async def test_a_thousand_lines(console: Browser, office: Office) -> None:
    rows = lines(1_000)
    rows[499] = rows[499].replace("a499@exemple.fr", "@")

    began = time.perf_counter()
    tried = (await send(console, table(*rows), "essai=1&tout_ou_rien=1")).json
    report = (await send(console, table(*rows))).json
    took = time.perf_counter() - began

    assert (tried["accepted"], tried["refused"]) == (999, 1)
    assert (report["accepted"], report["refused"]) == (999, 1)
    assert [one["line"] for one in report["lines"] if not one["accepted"]] == [501]
    assert await count(office) == 999
    assert took < 60


async def test_who_is_in_a_call_is_heard_between_two_lines(
    console: Browser, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn, planned, write = 0, list[int](), Planning.write

    async def turning() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    async def noted(*line: Any) -> Telecontrole:
        planned.append(turn)
        return await write(*line)

    monkeypatch.setattr(Planning, "write", noted)
    loop = asyncio.create_task(turning())
    await send(console, table(*lines(60)), "tout_ou_rien=1")
    loop.cancel()

    assert len(planned) == len(set(planned)) == 60


# --- the file -----------------------------------------------------------------------------------


async def test_a_french_spreadsheet_with_its_mark_commas_dates_and_titles(
    console: Browser, office: Office
) -> None:
    text = (
        "civilite,nom,contexte,medecin,debut,courriel,adresse\r\n"
        'Madame,"Durand, épouse Martin",pension,mc-1,18/01/2027 10:00,a@exemple.fr,'
        '"1 rue\r\nde l\'Exemple"\r\n'
        "M.,Lefèvre,pension,mc-1,2027-01-18 11:00,b@exemple.fr,\r\n"
    )

    report = (await send(console, text.encode("utf-8-sig"))).json

    assert report["accepted"] == 2, report
    assert [one["line"] for one in report["lines"]] == [2, 4]
    async with office.registre.lecture() as unite:
        rows = (await unite.connection.execute(t.assure.select())).mappings()
        names = {one.nom: one for one in [opened(office.database.safe, row) for row in rows]}
    assert names["Durand, épouse Martin"].adresse == "1 rue de l'Exemple"
    assert names["Durand, épouse Martin"].civilite == "Mme"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("civilité;nom\r\nMme;Lefèvre".encode("cp1252"), "UTF-8"),
        (table(*lines(1)).encode("utf-16"), "UTF-8"),
        (b"", "colonnes"),
        (b"name\r\nDurand\r\n", "colonnes"),
        (b"name;mail,phone\r\n", "colonnes"),
        (HEADER.encode() + b";nir\r\n", "nir"),
        (HEADER.encode() + b";nom\r\n", "deux fois"),
        (b"civility;name;doctor;start\r\n", "context"),
        ((HEADER + '\r\nMme;"Durand').encode(), "guillemets"),
        ((HEADER + '\r\nMme;"Durand"x;').encode(), "guillemets"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_whole_and_says_why(
    console: Browser, content: bytes, said: str
) -> None:
    answer = await send(console, content)

    assert (answer.status, answer.error["code"]) == (422, "fichier_illisible")
    assert said in answer.error["message"]


async def test_a_line_with_too_few_cells_is_that_lines_fault(console: Browser) -> None:
    report = (await send(console, table("Mme;Durand", lines(1)[0]))).json

    assert [one["accepted"] for one in report["lines"]] == [False, True]
    assert report["lines"][0]["errors"][0]["code"] == "colonnes"


async def test_what_a_field_lacks_or_has_too_much_of_is_said_field_by_field(
    console: Browser,
) -> None:
    row = f"Mme;;;Pas un mot;mc-1;demain;300;a@exemple.fr;{'1' * 40};;fr"

    report = (await send(console, table(row))).json

    errors = {(one["field"], one["code"]) for one in report["lines"][0]["errors"]}
    assert errors == {
        ("name", "champ_manquant"), ("context", "champ_invalide"), ("start", "champ_invalide"),
        ("minutes", "champ_invalide"), ("phone", "champ_invalide"),
    }  # fmt: skip


async def test_json_is_an_array_of_the_same_objects(console: Browser) -> None:
    good: dict[str, Any] = {
        "civility": "Mme", "name": "Durand", "context": "pension", "doctor": "mc-1",
        "start": "2027-01-18T10:00", "mail": "a@exemple.fr", "minutes": 45,
    }  # fmt: skip
    bad = good | {"start": "2027-01-18T11:00", "nir": "1", "name": 3}

    report = (await send(console, json.dumps([good, bad]), kind="application/json")).json
    wrong = await send(console, json.dumps(good), kind="application/json")
    nested = await send(console, "[" * 100_000, kind="application/json")

    assert [one["accepted"] for one in report["lines"]] == [True, False]
    assert {(one["field"], one["code"]) for one in report["lines"][1]["errors"]} == {
        ("nir", "champ_inconnu"), ("name", "champ_invalide"),
    }  # fmt: skip
    assert (wrong.status, nested.status) == (422, 422)


async def test_a_file_is_bounded_in_lines_and_in_bytes(console: Browser) -> None:
    many = await send(console, table(*(["x;" * 10] * 5_001)), "essai=1")
    large = await send(console, b"x" * 1_000_001)

    assert (many.status, many.error["code"]) == (422, "fichier_trop_long")
    assert (large.status, large.error["code"]) == (422, "fichier_trop_long")


async def test_the_model_would_be_accepted(console: Browser) -> None:
    model = await console.get("/api/agent/modele.csv")

    report = (await send(console, model.raw, "essai=1")).json

    assert report["accepted"] == 1, report
