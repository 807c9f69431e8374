"""What an agent sees, in words of the caisse: no medical word, no code, no secret of a link."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.engine import RowMapping

from controle.convocation import (
    LIBELLES_CANAL,
    LIBELLES_ENVOI,
    LIBELLES_GENRE,
    Canal,
    EtatEnvoi,
    GenreEnvoi,
)
from controle.etats import AVANT_ENTREE, LIBELLES_ETAT, VIVANTS, Etat, OriginePresentiel
from controle.justification import (
    LIBELLES_JUSTIFICATION,
    LIBELLES_MOTIF_AGENT,
    Justification,
)
from controle.presence import LIBELLES_FAIT, Fait, GenreFait
from controle.presentiel import RendezVousPresentiel
from controle.telecontrole import Telecontrole
from server.store import tasks
from server.store.sql import read
from server.web.agent_messages import (
    HistoryLine,
    InPerson,
    JustificationShown,
    Message,
    Named,
    Planned,
    SiteOption,
    Task,
)

from .contacts import CONTEXT_LABELS, WORDS
from .justified import is_medical

CALL_RESULTS: dict[str, str] = {
    "joint": "La personne a répondu",
    "repondeur": "Message laissé sur le répondeur",
    "sans_reponse": "Pas de réponse",
    "numero_invalide": "Numéro invalide",
}
#: Why in person, as the caisse may know it: what the médecin-conseil saw is not its business.
ORIGINS: dict[OriginePresentiel, tuple[str, str]] = {
    OriginePresentiel.REFUS: ("refus", "Visioconférence refusée"),
    OriginePresentiel.ABSENCE_JUSTIFIEE: ("absence_justifiee", "Absence justifiée"),
    OriginePresentiel.EXAMEN_CLINIQUE: ("service_medical", "À la demande du service médical"),
    OriginePresentiel.IDENTITE: ("identite", "Identité à confirmer"),
    OriginePresentiel.INCIDENT_TECHNIQUE: ("incident_technique", "Incident technique"),
    OriginePresentiel.DEMANDE_ASSURE: ("demande_assure", "À la demande de l'assuré"),
}
#: Of the record, what concerns the appointment; what happened in the room is not listed.
HISTORY = frozenset(
    {
        GenreFait.PLANIFIE, GenreFait.DEPLACE, GenreFait.ANNULE, GenreFait.REAFFECTE,
        GenreFait.MESSAGE_ENVOYE, GenreFait.MESSAGE_REMIS, GenreFait.MESSAGE_ECHOUE,
        GenreFait.ACCUSE_RECEPTION, GenreFait.BESOINS_DECLARES, GenreFait.MAUVAIS_DESTINATAIRE,
        GenreFait.JUSTIFICATION_DEPOSEE, GenreFait.JUSTIFICATION_DECIDEE, GenreFait.APPEL_TENTE,
        GenreFait.PRESENTIEL_FIXE, GenreFait.PRESENTIEL_ANNULE, GenreFait.REFUS_VISIO,
        GenreFait.DEMANDE_PRESENTIEL,
    }
)  # fmt: skip
#: Still worth a phone call: expected, there, or not seen.
CALLABLE = VIVANTS | {Etat.NON_CONNECTE, Etat.ABSENCE_INJUSTIFIEE}
#: The secret behind the `#` of a join link.
SECRET = re.compile(r"(/rdv#)[A-Za-z0-9_-]+")


def planned(row: Mapping[str, Any], open_tasks: Sequence[tuple[str, str]]) -> Planned:
    """One line of the list (server/store/planned.py `page`)."""
    return Planned(
        id=row["id"],
        code=row["code"],
        reference=row["reference"],
        assure=row["personne"],
        start=row["debut"],
        timezone=row["fuseau"],
        minutes=row["duree_minutes"],
        context=CONTEXT_LABELS[WORDS[row["contexte"]]],
        doctor=Named(id=row["medecin_conseil"], name=row["medecin_nom"]),
        state=row["etat"],
        state_label=LIBELLES_ETAT[Etat(row["etat"])],
        delivery=row["remise"],
        acknowledged=bool(row["accuse"]),
        needs=list(row["besoins"]),
        justification=row["justification"] or "",
        in_person="fixe" if row["fixe"] else "a_fixer" if row["a_fixer"] else "",
        in_person_start=row["fixe"],
        tasks=[_task(kind, since) for kind, since in (*_derived(row), *open_tasks)],
    )


def _derived(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Nobody ticks these: they end with what they are about."""
    found = []
    if row["a_fixer"]:
        found.append(("presentiel_a_fixer", row["demande"]))
    if row["a_examiner"]:
        found.append(("justification", row["examiner_depuis"]))
    return found


def _task(kind: str, since: str) -> Task:
    return Task(kind=kind, label=tasks.label(kind), created=since)


def message(row: Mapping[str, Any]) -> Message:
    return Message(
        id=row["id"],
        kind=row["genre"],
        kind_label=LIBELLES_GENRE[GenreEnvoi(row["genre"])],
        channel=row["canal"],
        channel_label=LIBELLES_CANAL[Canal(row["canal"])],
        to=row["destinataire"],
        state=row["etat"],
        state_label=LIBELLES_ENVOI[EtatEnvoi(row["etat"])],
        due=row["du"],
        until=row["limite"],
        sent=row["envoye"],
        delivered=row["remis"],
        tries=row["essais"],
        reason=row["motif"],
        version=row["version"],
        telecontrole=row["telecontrole"],
        assure=row["personne"],
    )


def without_secret(text: str) -> str:
    """The link's place, not the link."""
    return SECRET.sub(r"\1…", text)


def site(row: RowMapping | Mapping[str, str]) -> SiteOption:
    return SiteOption(
        id=row["id"],
        name=row["nom"],
        address=row["adresse"],
        access=row["acces"],
        hours=row["horaires"],
        kind=row["genre"],
    )


def justification(one: Justification) -> JustificationShown:
    return JustificationShown(
        id=one.id,
        reason=LIBELLES_MOTIF_AGENT[one.motif],
        submitted=one.depose.isoformat(),
        state=str(one.etat),
        document=one.piece and not is_medical(one),
        decidable=one.est_en_attente and not is_medical(one),
    )


def in_person(
    un: Telecontrole, booked: RendezVousPresentiel | None, place: RowMapping | None, doctor: str
) -> InPerson | None:
    """The request, and the appointment that answers it if there is one."""
    if un.presentiel is None:
        return None
    origin, label = ORIGINS[un.presentiel.origine]
    asked = InPerson(origin=origin, origin_label=label, requested=un.presentiel.instant.isoformat())
    if booked is None or place is None:
        return asked
    return InPerson(
        origin=origin,
        origin_label=label,
        requested=asked.requested,
        appointment=booked.id,
        start=booked.debut.isoformat(),
        minutes=round(booked.duree.total_seconds() / 60),
        site=site(place),
        doctor=Named(id=booked.medecin_conseil, name=doctor),
    )


def actions(un: Telecontrole, *, booked: bool, in_time: bool, invitable: bool) -> list[str]:
    """What may be done now; the server checks again when it is."""
    found = []
    if un.etat in AVANT_ENTREE:
        found += ["deplacer", "reaffecter"]
        if in_time:
            found.append("renvoyer")
    if un.etat in AVANT_ENTREE | {Etat.EN_ATTENTE}:
        found.append("annuler")
    if invitable:
        found.append("inviter")
    if un.etat in CALLABLE or (un.presentiel is not None and not booked):
        found.append("appeler")
    if un.presentiel is not None:
        found.append("presentiel")
    return found


def history(facts: Sequence[Fait], names: Mapping[str, str]) -> list[HistoryLine]:
    """The newest first; `names`: who the ids of agents are."""
    shown = [fait for fait in facts if fait.genre in HISTORY]
    return [
        HistoryLine(
            at=fait.instant.isoformat(),
            label=LIBELLES_FAIT[fait.genre],
            detail=_detail(fait, names),
        )
        for fait in reversed(shown)
    ]


def _detail(fait: Fait, names: Mapping[str, str]) -> str:
    told = fait.details
    parts = []
    if "genre" in told:
        parts.append(LIBELLES_GENRE.get(GenreEnvoi(str(told["genre"])), ""))
    if "canal" in told:
        parts.append(LIBELLES_CANAL.get(Canal(str(told["canal"])), ""))
    if fait.genre is GenreFait.APPEL_TENTE:
        parts.append(CALL_RESULTS.get(str(told.get("resultat")), ""))
    if fait.genre is GenreFait.JUSTIFICATION_DECIDEE and told.get("decision"):
        parts.append(_DECISIONS.get(str(told["decision"]), ""))
    parts.append(names.get(str(told.get("par", "")), ""))
    return ", ".join(part for part in parts if part)


_DECISIONS = {str(state): label for state, label in LIBELLES_JUSTIFICATION.items()}


def local(instant: str | datetime, zone: str) -> str:
    """« 2026-12-01T14:30 »."""
    moment = read(instant) if isinstance(instant, str) else instant
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")
