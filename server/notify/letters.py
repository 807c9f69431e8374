"""What each message says, as blocks in order: the plain text and the HTML are set from the same."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from controle.convocation import GenreEnvoi

from .details import Details
from .wording import Wording

#: The rights of every message that convenes (row CN-11), in order.
RIGHTS = (
    "refusal",
    "assistance",
    "needs",
    "justification",
    "consequences",
    "appeal",
    "no_recording",
    "personal_data",
    "authenticity",
)


@dataclass(frozen=True, slots=True)
class Heading:
    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    kind: ClassVar[str] = "paragraph"
    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Label and value, one under the other."""

    kind: ClassVar[str] = "facts"
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Link:
    """The one button, with its address in full under it; on paper, the address alone."""

    kind: ClassVar[str] = "link"
    label: str
    hint: str
    url: str
    button: bool


@dataclass(frozen=True, slots=True)
class Right:
    """One block of the rights. `url` stands on its own line, so that nothing sticks to it."""

    kind: ClassVar[str] = "right"
    title: str
    text: str
    url: str = ""


Block = Heading | Paragraph | Facts | Link | Right


@dataclass(frozen=True, slots=True)
class Letter:
    """One message before it is set."""

    subject: str
    title: str
    blocks: tuple[Block, ...]


class Scribe:
    """Writes in one language, with the details at hand."""

    def __init__(self, wording: Wording, details: Details, *, paper: bool) -> None:
        self.wording = wording
        self.details = details
        self.paper = paper
        self._values = _values(wording, details)

    def say(self, key: str) -> str:
        return self.wording.say(key, **self._values)

    def paragraphs(self, *keys: str) -> tuple[Block, ...]:
        return tuple(Paragraph(self.say(key)) for key in keys)

    def letter(self, subject: str, genre: str, *blocks: Block) -> Letter:
        opening = self.paragraphs("letter.greeting", f"{genre}.intro")
        closing = self.paragraphs("letter.help", "letter.closing")
        title = self.say(f"{genre}.title")
        heading = self.wording.bare(self.say(subject))
        return Letter(heading, title, (*opening, *blocks, *closing))

    def when(self) -> Facts:
        """Date, hour, zone, length, place and phone: in every message, at the same place."""
        values, details = self._values, self.details
        rows = [
            ("fact.day", values["day"]),
            ("fact.hour", f"{values['hour']} ({values['zone']})"),
            ("fact.duration", self.say("fact.duration.value")),
            *self._where(),
            ("fact.help", details.helpline),
            ("fact.help_hours", details.helpline_hours),
            ("fact.code", details.code),
        ]
        isolated = self.wording.isolated
        return Facts(tuple((self.say(label), isolated(text)) for label, text in rows if text))

    def _where(self) -> list[tuple[str, str]]:
        place = self.details.place
        if place is None:
            return [("fact.place", self.say("fact.place.visio"))]
        return [
            ("fact.place", place.name),
            ("fact.address", place.address),
            ("fact.access", place.access),
            ("fact.opening", place.hours),
        ]

    def page(self) -> tuple[Block, ...]:
        """The way to the assuré's page; an in-person appointment may have none."""
        if not self.details.link:
            return ()
        hint = self.say("page.letter" if self.paper else "page.hint")
        link = Link(self.say("page.button"), hint, self.details.link, button=not self.paper)
        return (link, *self.paragraphs("page.personal"))

    def absence(self) -> tuple[Block, ...]:
        """How to say that one cannot come. The page takes that of a visio alone."""
        by_page = self.details.link and not self.details.place
        text = "absence.visio" if by_page else "absence.phone"
        return (Heading(self.say("absence.title")), *self.paragraphs(text))

    def rights(self) -> tuple[Block, ...]:
        """The nine blocks."""
        return (Heading(self.say("rights.title")), *(self._right(name) for name in RIGHTS))

    def pointers(self) -> tuple[Block, ...]:
        """Where the rights are, and how to verify: the short form of the other messages."""
        return (*self.paragraphs("rights.pointer"), self._right("authenticity"))

    def _right(self, name: str) -> Right:
        text = self.say(f"rights.{name}.text")
        if name == "refusal" and self.details.place:
            text = self.say("rights.refusal.in_person")
        if name == "personal_data":
            text = " ".join([text, *self._data_contacts()])
        url = f"{self.details.origin}/verifier" if name == "authenticity" else ""
        return Right(self.say(f"rights.{name}.title"), text, url)

    def _data_contacts(self) -> list[str]:
        given = {"retention": self.details.retention, "dpo": self.details.dpo}
        return [self.say(f"rights.personal_data.{name}") for name, value in given.items() if value]


def _values(wording: Wording, details: Details) -> dict[str, str]:
    """Every value that a text may ask for, as people read it."""
    zone = details.zone
    previous = details.previous or details.start
    return {
        "caisse": details.caisse,
        "helpline": details.helpline,
        "day": wording.day(details.start, zone),
        "hour": wording.hour(details.start, zone),
        "zone": wording.zone(zone),
        "minutes": str(details.minutes),
        "code": details.code,
        "previous_day": wording.day(previous, zone),
        "previous_hour": wording.hour(previous, zone),
        "controller": details.controller or details.caisse,
        "dpo": details.dpo,
        "retention": details.retention,
    }


def _visio(scribe: Scribe) -> tuple[Block, ...]:
    """A video appointment in full, with its rights."""
    return (
        scribe.when(),
        *scribe.page(),
        Heading(scribe.say("connect.title")),
        *scribe.paragraphs("connect.how", "connect.prepare", "connect.before"),
        *scribe.absence(),
        *scribe.rights(),
    )


def _replaced(scribe: Scribe, genre: str) -> tuple[Block, ...]:
    return scribe.paragraphs(f"{genre}.previous") if scribe.details.previous else ()


def convocation(scribe: Scribe) -> Letter:
    return scribe.letter("subject.appointment", "convocation", *_visio(scribe))


def deplacement(scribe: Scribe) -> Letter:
    blocks = (*_replaced(scribe, "deplacement"), *_visio(scribe))
    return scribe.letter("subject.new_date", "deplacement", *blocks)


def excuse(scribe: Scribe) -> Letter:
    waited = scribe.paragraphs("excuse.attestation") if scribe.details.previous else ()
    blocks = (*_replaced(scribe, "excuse"), *waited, *_visio(scribe))
    return scribe.letter("subject.new_date", "excuse", *blocks)


def rappel(scribe: Scribe) -> Letter:
    return scribe.letter(
        "subject.reminder",
        "rappel",
        scribe.when(),
        *scribe.page(),
        Heading(scribe.say("connect.title")),
        *scribe.paragraphs("connect.how", "connect.prepare"),
        *scribe.absence(),
        *scribe.pointers(),
    )


def annulation(scribe: Scribe) -> Letter:
    return _cancelled(scribe, "annulation")


def annulation_presentiel(scribe: Scribe) -> Letter:
    return _cancelled(scribe, "annulation_presentiel")


def _cancelled(scribe: Scribe, genre: str) -> Letter:
    """Nothing has to be done, and the link is dead: it is not given."""
    return scribe.letter(
        "subject.cancelled",
        genre,
        *scribe.paragraphs("cancelled.nothing", "cancelled.next"),
        scribe.when(),
        *scribe.pointers(),
    )


def presentiel(scribe: Scribe) -> Letter:
    blocks = (*_replaced(scribe, "presentiel"), *_in_person(scribe), *scribe.rights())
    # The same hour at another place is no new date.
    moved = scribe.details.previous not in (None, scribe.details.start)
    return scribe.letter(
        "subject.new_date" if moved else "subject.appointment", "presentiel", *blocks
    )


def rappel_presentiel(scribe: Scribe) -> Letter:
    blocks = (*_in_person(scribe), *scribe.pointers())
    return scribe.letter("subject.reminder", "rappel_presentiel", *blocks)


def _in_person(scribe: Scribe) -> tuple[Block, ...]:
    return (
        scribe.when(),
        Heading(scribe.say("connect.title")),
        *scribe.paragraphs("in_person.prepare"),
        *scribe.page(),
        *scribe.absence(),
    )


#: Every kind but CODE, which is an SMS only.
LETTERS: Mapping[GenreEnvoi, Callable[[Scribe], Letter]] = {
    GenreEnvoi.CONVOCATION: convocation,
    GenreEnvoi.DEPLACEMENT: deplacement,
    GenreEnvoi.EXCUSE: excuse,
    GenreEnvoi.RAPPEL: rappel,
    GenreEnvoi.ANNULATION: annulation,
    GenreEnvoi.PRESENTIEL: presentiel,
    GenreEnvoi.RAPPEL_PRESENTIEL: rappel_presentiel,
    GenreEnvoi.ANNULATION_PRESENTIEL: annulation_presentiel,
}
