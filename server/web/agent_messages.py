"""The bodies of the agent's API, both directions. No medical word: two walls (row CA-03).

Dates are « 2026-12-01 », local hours « 2026-12-01T14:30 » in the caisse's time zone, instants ISO
8601 in UTC. `web-client/api.d.ts` is printed from here and from messages.py.
"""

from typing import Annotated, Literal

from msgspec import Meta

from .messages import Body, Choice, EquipmentShown, Word

Name = Annotated[str, Meta(min_length=1, max_length=120)]
Short = Annotated[str, Meta(max_length=200)]
Local = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$")]
Id = Annotated[str, Meta(max_length=36)]
Minutes = Annotated[int, Meta(ge=10, le=120)]
Delivery = Literal["en_cours", "remise", "partielle", "non_remise"]


class Named(Body, frozen=True):
    """A médecin-conseil, as an agent chooses one."""

    id: str
    name: str


class SiteOption(Body, frozen=True):
    """Where somebody can be received in person; `kind` visio_accompagnee: a booth."""

    id: str
    name: str
    address: str
    access: str
    hours: str
    kind: str


class AgentSession(Body, frozen=True):
    """GET or POST /api/agent/session: who is logged in, and what the forms offer."""

    id: str
    name: str
    caisse: str
    timezone: str
    today: str
    first_date: str
    slot_minutes: int
    doctors: list[Named]
    sites: list[SiteOption]
    contexts: list[Choice]
    languages: list[Choice]
    call_results: list[Choice]
    #: Channels that have no provider: nothing leaves by them, and the console says so.
    silent_channels: list[str]


class PlanForm(Body, frozen=True):
    """POST /api/agent/telecontroles, and a line of an import. Whom `reference` names already keeps
    what is left empty; of somebody new an empty `language` is French."""

    civility: Annotated[str, Meta(max_length=16)]
    name: Name
    context: Word
    doctor: Id
    start: Local
    mail: Short = ""
    phone: Annotated[str, Meta(max_length=32)] = ""
    address: Annotated[str, Meta(max_length=400)] = ""
    language: Annotated[str, Meta(max_length=8)] = ""
    reference: Annotated[str, Meta(max_length=64)] = ""
    minutes: Minutes | None = None


class MoveForm(Body, frozen=True):
    """POST …/deplacer: another date, and another médecin-conseil if one is named."""

    start: Local
    doctor: Id | None = None


class ReassignForm(Body, frozen=True):
    """POST …/reaffecter: same hour, another médecin-conseil: no message leaves."""

    doctor: Id


class ContactForm(Body, frozen=True):
    """POST …/coordonnees: corrected; what was not delivered is sent again to what changed.

    Null stays as it is, whoever has corrected it meanwhile; empty: there is none any more.
    """

    mail: Short | None = None
    phone: Annotated[str, Meta(max_length=32)] | None = None
    address: Annotated[str, Meta(max_length=400)] | None = None
    language: Annotated[str, Meta(max_length=8)] | None = None


class ResendForm(Body, frozen=True):
    """POST …/renvoyer: the convocation once more, by one channel, while it is not too late."""

    channel: Literal["courriel", "sms"]


class CallForm(Body, frozen=True):
    """POST …/appels: somebody tried to phone."""

    result: Literal["joint", "repondeur", "sans_reponse", "numero_invalide"]


class DecisionForm(Body, frozen=True):
    """A person accepts or refuses what was given as a reason; the address says which."""

    decision: Literal["accepter", "refuser"]


class ReasonDecided(Body, frozen=True):
    """POST …/justification: the same, of the one that this agent has read (its id)."""

    justification: Id
    decision: Literal["accepter", "refuser"]


class InPersonForm(Body, frozen=True):
    """POST …/presentiel: where and when."""

    site: Id
    start: Local
    minutes: Minutes | None = None
    doctor: Id | None = None


class AbsenceForm(Body, frozen=True):
    """POST /api/agent/medecins/{id}/absences: away between two local hours."""

    start: Local
    end: Local


class Slot(Body, frozen=True):
    """A free half-hour: the local hour to send back, and the instant."""

    start: str
    at: str


class Slots(Body, frozen=True):
    """GET /api/agent/creneaux?medecin=&de=&minutes=: free, and far enough ahead."""

    slots: list[Slot]
    first_date: str


class Task(Body, frozen=True):
    """Something a person has to do."""

    kind: str
    label: str
    created: str


class InPerson(Body, frozen=True):
    """The in-person way out: asked for, then given a date."""

    origin: str
    origin_label: str
    requested: str
    appointment: str | None = None
    start: str | None = None
    minutes: int | None = None
    site: SiteOption | None = None
    doctor: Named | None = None


class Planned(Body, frozen=True):
    """One télécontrôle in the agent's list."""

    id: str
    code: str
    reference: str
    assure: str
    start: str
    timezone: str
    minutes: int
    context: str
    doctor: Named
    state: str
    state_label: str
    delivery: Delivery
    acknowledged: bool
    needs: list[str]
    justification: Literal["", "deposee", "acceptee", "refusee"]
    in_person: Literal["", "a_fixer", "fixe"]
    in_person_start: str | None
    tasks: list[Task]


class PlannedList(Body, frozen=True):
    """GET /api/agent/telecontroles?de=&a=&medecin=&etat=&remise=&taches=&q=&page="""

    items: list[Planned]
    total: int
    page: int
    pages: int


class AbsenceShown(Body, frozen=True):
    """A médecin-conseil is away from `start` to `end`."""

    id: str
    start: str
    end: str


class AbsenceList(Body, frozen=True):
    """GET /api/agent/medecins/{medecin}/absences: those that are not over."""

    items: list[AbsenceShown]
    timezone: str


class Message(Body, frozen=True):
    """One message and where it stands."""

    id: str
    kind: str
    kind_label: str
    channel: str
    channel_label: str
    to: str
    state: str
    state_label: str
    due: str
    until: str | None
    sent: str | None
    delivered: str | None
    tries: int
    reason: str
    version: str
    telecontrole: str
    assure: str


class MessageText(Body, frozen=True):
    """GET …/messages/{envoi}: the exact words, without the secret of the link."""

    subject: str
    text: str
    version: str


class HistoryLine(Body, frozen=True):
    """Something that happened, in words."""

    at: str
    label: str
    detail: str


class JustificationShown(Body, frozen=True):
    """What an agent sees of it: never the reason itself when it belongs to the service médical."""

    id: str
    reason: str
    submitted: str
    state: str
    document: bool
    decidable: bool


class PlannedDetail(Body, frozen=True):
    """GET /api/agent/telecontroles/{id}"""

    planned: Planned
    mail: str
    phone: str
    address: str
    language: str
    messages: list[Message]
    history: list[HistoryLine]
    justifications: list[JustificationShown]
    in_person: InPerson | None
    previous: str | None
    next: str | None
    #: What may be done now: deplacer annuler reaffecter renvoyer inviter appeler presentiel
    actions: list[str]
    #: None: it was not tested.
    equipment: EquipmentShown | None = None


class MessageList(Body, frozen=True):
    """GET /api/agent/envois?etat=&canal=&genre=&page="""

    items: list[Message]
    total: int
    page: int
    pages: int


class Progress(Body, frozen=True):
    """GET /api/agent/progression: what is due now, and how far it is."""

    waiting: int
    sending: int
    sent_today: int
    failed: int
    expired: int
    oldest_due: str | None


class LineError(Body, frozen=True):
    """What is wrong with one field of one line."""

    field: str
    code: str
    message: str


class LineReport(Body, frozen=True):
    """One line of an import; `id` once it is planned."""

    line: int
    accepted: bool
    id: str | None
    errors: list[LineError]


class ImportReport(Body, frozen=True):
    """POST /api/agent/import?tout_ou_rien=1&essai=1 (text/csv or application/json)."""

    accepted: int
    refused: int
    applied: bool
    lines: list[LineReport]
