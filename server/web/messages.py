"""What the HTTP API takes and gives, as types; printed to web-client/api.d.ts.

Times are ISO 8601 in UTC; codes of the domain (états, conclusions…) keep their French words.
Every answer that is not 2xx is a `Failure`.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from signaling.protocol import Entry, Justified

Secret = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{16,128}$")]
Code = Annotated[str, Meta(pattern=r"^[0-9]{6}$")]
Word = Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,64}$")]
Day = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Hour = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]

Access = Literal[
    "ouvert",
    "trop_tot",
    "trop_tard",
    "refuse",
    "annule",
    "reporte",
    "presentiel",
    "termine",
    "inconnu",
]


class Body(Struct, frozen=True, kw_only=True):
    """What every body is: immutable, its fields named."""


class Problem(Body, frozen=True):
    """Why something was refused: `code` for programs, `message` for people."""

    code: str
    message: str
    field: str | None = None
    #: Seconds to wait before trying again, where waiting helps.
    retry_after: int | None = None
    #: The first date for which there is still time to convoke, where a date came too early.
    first_date: str | None = None


class Failure(Body, frozen=True):
    """The body of every answer that is not 2xx."""

    error: Problem


class IceServer(Body, frozen=True):
    """An RTCIceServer."""

    urls: list[str]
    username: str = ""
    credential: str = ""


class RoomAccess(Body, frozen=True):
    """What opens one room for one person: give `token` to the socket before `expires_in` s."""

    room: str
    token: str
    expires_in: int
    ice_servers: list[IceServer]
    #: "relay" hides each party's address from the other.
    ice_policy: Literal["all", "relay"] = "all"
    #: Goes with the socket's address as « ?salle= », so that a proxy brings both sides of a room
    #: to the same of several processes; empty: there is one.
    salle: str = ""


# --- assuré -------------------------------------------------------------------------------------


class Link(Body, frozen=True):
    """The secret of a join link (its URL fragment)."""

    link: Secret


class Entering(Body, frozen=True):
    """POST /api/assure/session: the link and the code received by SMS."""

    link: Secret
    code: Code


class Information(Body, frozen=True):
    """The text to be read before entering; `version` and its hash go on the record."""

    version: str
    paragraphs: list[str]
    accepted: bool


class Appointment(Body, frozen=True):
    """What the assuré sees of the appointment, after the second factor only."""

    start: str
    timezone: str
    duration_minutes: int
    caisse: str
    helpline: str
    doctor_name: str
    doctor_function: str


class Visit(Body, frozen=True):
    """An open session of the assuré: all the page needs, in one answer."""

    appointment: Appointment
    information: Information
    access: RoomAccess
    #: They said before the hour that they write or read: the page puts that first.
    writes: bool = False


class Place(Body, frozen=True):
    """An in-person appointment: where, and when. It names nobody."""

    start: str
    timezone: str
    #: The zone in words: « heure de Paris ».
    zone: str
    minutes: int
    name: str
    address: str
    access: str
    hours: str


class Said(Body, frozen=True):
    """What the assuré has said behind this link: that it was said, never what."""

    acknowledged: bool = False
    needs: bool = False
    justification: Justified = ""


class LinkState(Body, frozen=True):
    """POST /api/assure/lien: where the appointment stands; changes nothing.

    Before the second factor it names nobody. `visit` is there when this browser already holds
    the session of this link (reload, rejoin).
    """

    access: Access
    helpline: str
    #: When the room opens (trop_tot), closed (trop_tard) or the call ended (termine).
    at: str | None = None
    timezone: str = "Europe/Paris"
    #: Seconds until `at` by the server's clock, for trop_tot: the page opens by itself.
    opens_in: int | None = None
    in_person: bool = False
    #: The appointment itself, as in the message; the zone in words.
    start: str | None = None
    minutes: int = 0
    zone: str = ""
    said: Said = Said()
    #: The in-person appointment, once it is fixed.
    place: Place | None = None
    #: There is something to attest (server/attestation); a code by SMS is asked for.
    attestation: bool = False
    visit: Visit | None = None


class CodeSent(Body, frozen=True):
    """POST /api/assure/code: a code was sent by SMS (or one sent just before still holds)."""

    expires_in: int
    #: Seconds before another can be asked for.
    resend_in: int


class Consent(Body, frozen=True):
    """POST /api/assure/information: this version of the text was read and accepted."""

    version: Annotated[str, Meta(max_length=32)]


class InPersonRequested(Body, frozen=True):
    """POST /api/assure/presentiel or /refus: in-person it will be; the visio is over."""

    at: str


class SpaceChoices(Body, frozen=True):
    """GET /api/assure/choix: what the forms of the space offer; the same for everybody."""

    reasons: list["Choice"]
    needs: list["Choice"]
    #: Bytes of a document, at most.
    document_bytes: int


class Needs(Body, frozen=True):
    """POST /api/assure/besoins: codes of SpaceChoices.needs; none takes them back."""

    link: Secret
    needs: Annotated[list[Word], Meta(max_length=16)]


class Genuine(Body, frozen=True):
    """POST /api/verification/reponse: the message is ours, and says this."""

    caisse: str
    helpline: str
    #: Where the appointment stands: an old message may be genuine and no longer hold.
    access: Access
    start: str
    timezone: str
    zone: str
    minutes: int
    place: Place | None = None


class VerificationAsked(Body, frozen=True):
    """POST /api/verification: the short code of a message, as it was typed."""

    code: Annotated[str, Meta(max_length=40)]


class VerificationAnswered(Body, frozen=True):
    """POST /api/verification/reponse: the same, and the code that came by SMS."""

    code: Annotated[str, Meta(max_length=40)]
    sms: Code


# --- console ------------------------------------------------------------------------------------


class Login(Body, frozen=True):
    """POST /api/console/session: the secret of a login link (its URL fragment), and the code of
    the authenticator once it was asked for (401 `second_facteur`)."""

    login: Secret
    code: Code | None = None


class LoginWay(Body, frozen=True):
    """GET /api/connexion/{console, agent}: by a provider (its button says `label`), or by links."""

    mode: Literal["oidc", "local"]
    label: str = ""


class LoginStart(Body, frozen=True):
    """POST /api/connexion/{console, agent}: where to send this browser."""

    url: str


class LoggedOut(Body, frozen=True):
    """DELETE …/session where the provider has a session too: where it is closed."""

    next: str


class Doctor(Body, frozen=True):
    """Who is logged in on the console."""

    id: str
    name: str
    function: str
    caisse: str


class ConsoleSession(Body, frozen=True):
    """An open console: who, and the token of the `/console` namespace (renewed by GET)."""

    doctor: Doctor
    token: str
    expires_in: int


class LoginOffer(Body, frozen=True):
    """GET /api/console/connexions (demo only): the ready-made logins of the demo."""

    doctors: list[Doctor]
    links: list[str]


class IdentityCheck(Body, frozen=True):
    """POST /api/console/telecontroles/{id}/identite."""

    mode: Literal["piece_montree", "franceconnect", "connu"]
    verified: bool


class Choice(Body, frozen=True):
    """One option of the outcome form."""

    code: str
    label: str
    #: A date of effect is asked for.
    date: bool = False
    #: A category of invalidité (1, 2, 3) is asked for.
    category: bool = False
    #: « avec séquelles: oui / non » is asked for.
    sequelae: bool = False
    #: « résultat annoncé: oui / non, heure » is asked for, where the assuré was admitted.
    announcement: bool = False


class Proposal(Body, frozen=True):
    """What the facts suggest; a person decides. Never an unjustified absence."""

    qualification: str
    label: str
    reasons: list[str]


class Interval(Body, frozen=True):
    """A stretch of time; `estimated`: its end was not seen but deduced (crash, power loss)."""

    start: str
    end: str | None
    estimated: bool = False


class ThirdPresence(Body, frozen=True):
    """A third participant, by seat and what they were there for: connected, and taking part."""

    seat: str
    label: str
    connected: list[Interval]
    took_part: list[Interval]


class Presence(Body, frozen=True):
    """Who was there, from the facts on record. Durations in seconds."""

    assure: list[Interval]
    doctor: list[Interval]
    together_with_media: list[Interval]
    #: What either person paused: never counted as an interruption, nor as time together.
    held: list[Interval]
    assure_seconds: float
    doctor_seconds: float
    waiting_seconds: float
    together_seconds: float
    held_seconds: float
    interruptions: int
    thirds: list[ThirdPresence] = []


class Fact(Body, frozen=True):
    """One line of the chain, as the console shows it."""

    seq: int
    at: str
    kind: str
    label: str
    role: str | None
    #: « serveur » : seen by the server; « declaration » : one side's word.
    source: str


class OutcomeForm(Body, frozen=True):
    """POST /api/console/telecontroles/{id}/issue."""

    qualification: Word
    conclusion: Word
    date: Day | None = None
    category: Annotated[int, Meta(ge=1, le=3)] | None = None
    sequelae: bool | None = None
    #: Whether the result was told to the assuré (row OP-09), and when by the clock on the wall.
    announced: bool | None = None
    announced_at: Hour | None = None
    #: Asked for from the second version on: why the sealed one is corrected.
    correction_reason: Word | None = None
    #: Asked for where nobody came and the grace is not over: why it is not waited for.
    early_reason: Word | None = None


class Outcome(Body, frozen=True):
    """A signed, sealed version of the outcome."""

    version: int
    qualification: str
    qualification_label: str
    conclusion: str
    conclusion_label: str
    date: str | None
    category: int | None
    sequelae: bool | None
    correction_reason: str | None
    correction_label: str | None
    early_reason: str | None
    early_label: str | None
    announced: bool | None
    announced_at: str | None
    signed_by: str
    signed_at: str


class Condition(Body, frozen=True):
    """One thing that must be so before somebody can be said to be absent without reason."""

    label: str
    met: bool


class Attempt(Body, frozen=True):
    """Somebody tried to phone the assuré; `by`: the médecin-conseil or the caisse."""

    at: str
    result: str
    by: Literal["medecin_conseil", "caisse"]


class Absence(Body, frozen=True):
    """Nobody came: what was tried, and until when there is to wait (row OP-12)."""

    #: The médecin-conseil may end it from then on without a written reason.
    grace_ends: str
    #: As the caisse knows it; empty: none.
    phone: str
    attempts: list[Attempt]
    results: list[Choice]


class JustificationGiven(Body, frozen=True):
    """Why the assuré cannot, or could not, come: the true reason is the service médical's alone."""

    id: str
    reason: str
    submitted: str
    state: Justified
    state_label: str
    document: bool


class NextAppointment(Body, frozen=True):
    """The télécontrôle that replaces this one."""

    start: str
    timezone: str


#: Of an equipment test: ready, to be watched, did not succeed.
Colour = Literal["pret", "a_surveiller", "echec"]


class EquipmentShown(Body, frozen=True):
    """The last equipment test, as the service's people read it; it counts against nobody."""

    colour: Colour
    #: « Matériel testé : prêt »
    label: str
    at: str
    #: What did not go well, a sentence each.
    remarks: list[str]
    #: Browser, path and figures, in words.
    details: list[str]


class Detail(Body, frozen=True):
    """GET /api/console/telecontroles/{id}: all that the console's side panel shows."""

    entry: Entry
    presence: Presence
    proposal: Proposal
    qualifications: list[Choice]
    conclusions: list[Choice]
    #: Why a sealed outcome is corrected, or signed before the end of the grace.
    correction_reasons: list[Choice]
    early_reasons: list[Choice]
    outcomes: list[Outcome]
    facts: list[Fact]
    #: Why the outcome can't be recorded yet, in a sentence; empty when it can.
    outcome_blocked: str
    #: All must be met before « absence injustifiée » can be signed.
    absence_conditions: list[Condition]
    #: Where nobody has come.
    absence: Absence | None = None
    justifications: list[JustificationGiven] = []
    #: The in-person appointment that is fixed.
    place: Place | None = None
    next_appointment: NextAppointment | None = None
    #: None: it was not tested.
    equipment: EquipmentShown | None = None
