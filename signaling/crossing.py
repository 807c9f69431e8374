"""What crosses from one worker to another: every message as a type, sealed and bounded.

JSON and never pickle: whoever may write to Redis must not be able to run anything here. Each
message carries a keyed seal, so that another account of the machine, whose Redis it is too, can
send none.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from .access import Access
from .protocol import EndReason, InPerson, Instance, Message, Reception
from .room import Room
from .rooms import Memory

#: A snapshot of a room whose 96 signals are all as large as they may be stays below this.
MAX_BYTES = 1_048_576
SEAL = 16

Worker = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}$")]
Sid = Annotated[str, Meta(min_length=1, max_length=64)]
Id = Annotated[str, Meta(min_length=1, max_length=64)]
Change = Literal["entry", "doctor", "day"]

#: Addressed to every worker.
ALL = "*"


class Unreadable(Exception):
    """Not of ours, not for us, or not as agreed."""


class Crossing(Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    """Something one worker says to another."""


# --- who is there -------------------------------------------------------------------------------


class Hello(Crossing, frozen=True, tag="hello"):
    """I am here, or here again: whatever stood between us before is void. Say what you hold."""

    doctors: list[Id]


class Welcome(Crossing, frozen=True, tag="welcome"):
    """The answer to a hello; the rooms follow as shadows."""

    doctors: list[Id]


class Shadow(Crossing, frozen=True, tag="shadow"):
    """A room that the sender owns, as it is now, without what is signalled in it."""

    room: Room


class Forgotten(Crossing, frozen=True, tag="forgotten"):
    """The sender holds this room no more."""

    room: Id


class Online(Crossing, frozen=True, tag="online"):
    """The sender has a console of this médecin-conseil, or has none any more."""

    doctor: Id
    here: bool


class Changed(Crossing, frozen=True, tag="changed"):
    """Tell those whom it concerns and whom you hold."""

    kind: Change
    id: Id


class SignedOut(Crossing, frozen=True, tag="signed_out"):
    """This HTTP session is over: cut its sockets."""

    session: Id


# --- between a socket's worker and its room's ---------------------------------------------------


class Join(Crossing, frozen=True, kw_only=True, tag="join"):
    """A socket of the sender's wants its seat in your room."""

    call: int = 0
    access: Access
    memory: Memory
    sid: Sid
    instance: Instance


class Ask(Crossing, frozen=True, kw_only=True, tag="ask"):
    """What a seated socket asks; `payload` is of the event's own type."""

    call: int = 0
    sid: Sid
    event: Annotated[str, Meta(max_length=32)]
    payload: Raw


class Dropped(Crossing, frozen=True, tag="dropped"):
    """The socket is gone."""

    sid: Sid


class Close(Crossing, frozen=True, kw_only=True, tag="close"):
    """Close your room from outside it; what closed it is on record."""

    call: int = 0
    room: Id
    by: Literal["assure", "medecin_conseil", "service"]
    reason: EndReason
    at: datetime


class Meet(Crossing, frozen=True, kw_only=True, tag="meet"):
    """Tell both in your room where they meet in person."""

    call: int = 0
    room: Id
    in_person: InPerson | None


class HandOver(Crossing, frozen=True, kw_only=True, tag="hand_over"):
    """Your room is another médecin-conseil's now; that it is, is on record."""

    call: int = 0
    room: Id
    to: Id
    reception: Reception


class Dismiss(Crossing, frozen=True, kw_only=True, tag="dismiss"):
    """A third participant's invitation to your room was taken back; it is on record."""

    call: int = 0
    room: Id
    invitation: Id


class Answered(Crossing, frozen=True, tag="answered"):
    """To a call: the room's version, or why not."""

    call: int
    version: int = 0
    code: str = ""
    message: str = ""
    #: It is not my room: ask again whose it is.
    moved: bool = False


class Said(Crossing, frozen=True, tag="said"):
    """Say this to your socket, which sits in my room."""

    sid: Sid
    event: Annotated[str, Meta(max_length=32)]
    payload: Raw


class Cut(Crossing, frozen=True, tag="cut"):
    """Close your socket, whose seat in my room is another's now."""

    sid: Sid


#: What is done to a room from outside it.
Outside = Close | Meet | HandOver | Dismiss
Call = Join | Ask | Outside
AnyCrossing = (
    Hello | Welcome | Shadow | Forgotten | Online | Changed | SignedOut
    | Join | Ask | Dropped | Close | Meet | HandOver | Dismiss | Answered | Said | Cut
)  # fmt: skip


# --- on the wire --------------------------------------------------------------------------------


class Frame(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A message with its addresses. `number` grows: what comes twice is not taken twice."""

    sender: Worker
    to: str
    number: int
    message: AnyCrossing


FRAME = msgspec.json.Decoder(Frame)
ENCODE = msgspec.json.Encoder()


class Sealer:
    """Seals what goes out, opens what comes in. `secret`: the service's own."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.blake2b(secret.encode(), person=b"workers' bus").digest()

    def seal(self, frame: Frame) -> bytes:
        """:raises Unreadable: it is larger than any worker would read."""
        body = ENCODE.encode(frame)
        if len(body) > MAX_BYTES:
            raise Unreadable("too_large")
        return self._seal_of(body) + body

    def open(self, sealed: object) -> Frame:
        """:raises Unreadable: whatever is wrong with it."""
        if not isinstance(sealed, bytes) or not SEAL < len(sealed) <= MAX_BYTES + SEAL:
            raise Unreadable("size")
        seal, body = sealed[:SEAL], sealed[SEAL:]
        if not hmac.compare_digest(seal, self._seal_of(body)):
            raise Unreadable("seal")
        try:
            return FRAME.decode(body)
        except (msgspec.MsgspecError, RecursionError) as wrong:
            raise Unreadable("form") from wrong

    def _seal_of(self, body: bytes) -> bytes:
        return hashlib.blake2b(body, key=self._key, digest_size=SEAL).digest()


def payload_of(raw: Raw, event: str, known: Mapping[str, type[Message]]) -> Message:
    """What crossed as bytes, as the type that its event names.

    :raises Unreadable: no such event, or not as the protocol says.
    """
    wanted = known.get(event)
    if wanted is None:
        raise Unreadable("event")
    try:
        return msgspec.json.decode(raw, type=wanted, strict=True)
    except (msgspec.MsgspecError, RecursionError) as wrong:
        raise Unreadable("payload") from wrong


def written(message: Message) -> Raw:
    return Raw(ENCODE.encode(message))
