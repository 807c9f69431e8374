"""Two walls: what a médecin-conseil writes is found nowhere on the caisse's side, nor in a dump."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from caisse_people import API, LIST, caisse
from command import outcome
from note_scenes import bytes_of, journal, read, rows, write
from server_people import ORIGIN, SECRET, Appointment, Browser, Seat, Service
from sqlalchemy import Text
from test_outcome import IDENTITY, PRESENT, path

import server.web.caisse_api
from controle.motif import MotifAnticipation, MotifCorrection
from server import logs
from server.store import schema
from server.web import agent_messages, attestation_messages, messages, note_messages, openapi
from server.web.operations import OPERATIONS
from signaling import protocol
from signaling.typescript import structs_of

#: Written into notes at each step; nowhere else in the product.
CANARIES = ("zzqlombalgie", "zzqburnout", "zzqsertraline")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged, at its most talkative."""
    root = logging.getLogger()
    handlers, level, raises = root.handlers[:], root.level, logging.raiseExceptions
    levels = {name: logging.getLogger(name).level for name in logs.CHATTY}
    written = io.StringIO()
    logs.configure(written, level="debug")
    for name in logs.CHATTY:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield written
    root.handlers[:], logging.raiseExceptions = handlers, raises
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


async def whole_day(service: Service) -> tuple[Appointment, Browser, list[Seat]]:
    """Notes before, during and after a call, then in a version of their own."""
    appointment, doctor = await service.appoint(), await service.doctor()
    console = await service.console(doctor)
    assert (await write(doctor, appointment, f"avant {CANARIES[0]}")).status == 200
    assure = await service.seat(await service.assure(appointment))
    seat = await service.seat(doctor, appointment)
    await seat.done("admit")
    for one in (assure, seat):
        await one.flowing()
    assert (await write(doctor, appointment, f"pendant {CANARIES[1]}", 1)).status == 200
    await doctor.ok(path(appointment, "/identite"), IDENTITY)
    await seat.done("end")
    await doctor.ok(path(appointment), PRESENT)
    assert (await write(doctor, appointment, f"après {CANARIES[2]}", 2)).status == 200
    # What is refused must not be quoted either.
    assert (await write(doctor, appointment, " ".join(CANARIES), 1)).status == 409
    assert (await write(doctor, appointment, CANARIES[0] + "\x07", 3)).status == 422
    refused = await doctor.post(path(appointment), PRESENT | {"correction_reason": CANARIES[0]})
    assert refused.status == 422
    await doctor.ok(path(appointment), PRESENT | {"correction_reason": "element_nouveau"})
    await read(doctor, appointment)
    return appointment, doctor, [console, assure, seat]


@pytest.mark.row("OP-07")
@pytest.mark.row("CO-16")
async def test_a_whole_day_leaves_no_medical_word_outside_of_the_notes(
    service: Service, log: io.StringIO
) -> None:
    appointment, doctor, seats = await whole_day(service)
    agent, us = await service.agent(), await caisse(service)
    base = f"/api/agent/telecontroles/{appointment.id}"

    asked = [
        *[await agent.get(f"/api/agent/telecontroles{rest}") for rest in ("", ".csv")],
        *[await agent.get(f"/api/agent/envois{rest}") for rest in ("", ".csv")],
        await agent.get(base),
        await us.get(LIST),
        await us.get(f"{LIST}/{appointment.id}"),
        await us.get(f"{LIST}/{appointment.id}/issue"),
        await us.get(f"{API}/issues"),
        await doctor.get(path(appointment, "/releve")),
        await doctor.get(path(appointment, "")),
        await service.browser().get("/metrics"),
    ]
    await service.beat()

    told = {
        "answers": b"".join(answer.raw for answer in asked).decode(),
        "rooms and consoles": json.dumps([seat.heard for seat in seats]),
        "log": log.getvalue(),
        "main store": service.dump(),
        "main store's files": bytes_of(service.data, "telecontrole.db").decode("latin-1"),
        "journal": bytes_of(service.data, "journal.db").decode("latin-1"),
        "medical store": bytes_of(service.data, "medical.db").decode("latin-1"),
        "refusals": refused_words(await write(doctor, appointment, CANARIES[1], 0)),
    }
    assert all(answer.status == 200 for answer in asked)
    assert all(told.values())
    hits = [(where, word) for where, text in told.items() for word in CANARIES if word in text]
    assert hits == []


def refused_words(answer: Any) -> str:
    assert answer.status == 409
    return str(answer.raw.decode())


# --- by structure -------------------------------------------------------------------------------

#: Texts of the main store, and what keeps each from being free: sealed, encoded by us, an
#: operator's directory, an identity. A new column must be added here, by somebody who has asked
#: themselves whether a medical word could come to be in it.
TEXTS = {
    "sealed": {
        "assure.adresse", "assure.civilite", "assure.cle", "assure.courriel", "assure.nom",
        "assure.telephone", "connexion_en_cours.scelle", "envoi.contenu", "envoi.destinataire",
        "lien.scelle", "professionnel.totp", "session_fournisseur.scelle",
    },
    "ours": {
        "cle_api.portees", "ligne.contenu", "requete.reponse", "sceau.contenu",
        "telecontrole.besoins", "tete.changements", "tete.contenu",
        "issue.motif_anticipation", "issue.motif_correction", "purge.contenu",
        # Codes of fixed lists, and rounded numbers (server/equipment/words.py).
        "essai_materiel.parties", "essai_materiel.mesures",
    },
    "directory": {
        "agent.nom", "caisse.conservation", "caisse.dpd", "caisse.horaires", "caisse.nom",
        "caisse.responsable", "cle_api.nom", "medecin_conseil.fonction", "medecin_conseil.nom",
        "site.acces", "site.adresse", "site.horaires", "site.nom",
    },
}  # fmt: skip


@pytest.mark.row("OP-07")
def test_no_column_of_the_main_store_could_hold_a_note() -> None:
    columns = {
        f"{table.name}.{column.name}"
        for table in schema.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Text)
    }

    assert columns <= set().union(*TEXTS.values())


#: What the caisse's system is given as text: ids, instants, the directory, its own references.
GIVEN = {
    "Creneau.debut", "Creneaux.fuseau", "ErreurDeChamp.code", "ErreurDeChamp.detail",
    "ErreurDeChamp.pointeur", "Issue.fonction_signataire", "Issue.libelle", "Issue.reference",
    "Issue.signee",
    "Issue.telecontrole", "Lieu.acces", "Lieu.adresse", "Lieu.horaires", "Lieu.id", "Lieu.nom",
    "Message.envoye", "Message.prevu", "Message.remis", "Notification.annonce",
    "PageIssues.curseur", "Recours.texte",
    "PageTelecontroles.suite", "Prescripteur.demande", "Prescripteur.fait",
    "Presentiel.demande", "Probleme.code", "Probleme.detail",
    "Probleme.title", "Probleme.type", "RendezVous.debut", "RendezVous.fuseau", "RendezVous.id",
    "ResumeTelecontrole.debut", "ResumeTelecontrole.fuseau", "ResumeTelecontrole.id",
    "ResumeTelecontrole.reference", "Telecontrole.debut", "Telecontrole.fuseau",
    "Telecontrole.id", "Telecontrole.precedent", "Telecontrole.reference", "Telecontrole.suivant",
}  # fmt: skip
BOUND = {"enum", "pattern", "format", "const"}


@pytest.mark.row("OP-07")
def test_nothing_that_the_caisse_is_given_could_hold_a_note() -> None:
    assert server.web.caisse_api.routes
    schemas = openapi.document(OPERATIONS, ORIGIN)["components"]["schemas"]

    free = {
        f"{name}.{field}"
        for name, one in schemas.items()
        for field, kind in one.get("properties", {}).items()
        for shape in (kind, *kind.get("anyOf", []))
        if shape.get("type") == "string" and not BOUND & set(shape)
    }

    assert free <= GIVEN


@pytest.mark.row("OP-07")
def test_only_the_notes_own_messages_carry_a_note() -> None:
    others = (messages, agent_messages, attestation_messages, protocol)
    notes = {struct.__name__ for struct in structs_of(note_messages)} - {"Body"}

    carried = [
        f"{struct.__name__}.{field}"
        for module in others
        for struct in structs_of(module)
        for field in struct.__annotations__
        if "note" in field.split("_") or str(struct.__annotations__[field]) in notes
    ]

    assert notes == {"Note", "NoteForm", "NoteText", "NoteVersion"}
    assert carried == []


@pytest.mark.row("OP-07")
@pytest.mark.parametrize("field", ["correction_reason", "early_reason"])
@pytest.mark.parametrize("words", ["il souffre du dos", "autre_raison", "x" * 500, ""])
async def test_the_outcome_has_no_free_text(service: Service, field: str, words: str) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    absent = {"qualification": "non_connecte", "conclusion": "controle_impossible"}

    refused = await doctor.post(path(appointment), absent | {field: words})

    assert (refused.status, refused.error["field"]) == (422, field)
    assert len(MotifCorrection) + len(MotifAnticipation) == 10
    assert (words or "zzz") not in service.dump()


# --- the commands -------------------------------------------------------------------------------


@pytest.mark.row("OP-07")
@pytest.mark.row("SP-09")
async def test_keys_are_rotated_and_the_journal_checked_beside_a_running_service(
    service: Service,
) -> None:
    appointment, doctor = await service.appoint(), await service.doctor()
    await write(doctor, appointment, CANARIES[0])
    settings = {
        "TELECONTROLE_DATA_DIR": str(service.data),
        "TELECONTROLE_SECRET": SECRET,
        "TELECONTROLE_ORIGIN": ORIGIN,
    }

    rotated = await outcome("coffre-medical", "rotate", **settings)
    assert (await write(doctor, appointment, CANARIES[1], 1)).status == 200
    shown = await outcome("journal", "show", "--telecontrole", appointment.id, **settings)
    whole = await outcome("journal", "verify", **settings)
    rows(service, "journal.db", "UPDATE acces SET qui = 'mc-2' WHERE seq = 1")
    altered = await outcome("journal", "verify", **settings)

    assert rotated == (
        0, "Clé 2 du service médical : 1 dossier(s) sous elle, les anciennes détruites.\n",
    )  # fmt: skip
    assert (await read(doctor, appointment))["text"] == CANARIES[1]
    assert shown[0] == 0
    assert shown[1].count("Note médicale écrite") == 2
    assert "Quemeneur" not in shown[1]
    assert whole == (0, "3 ligne(s) : intact.\n")
    assert (altered[0], "Ligne 1 : altérée." in altered[1]) == (1, True)
    assert [line[2] for line in journal(service)][2] == "journal_lu"
