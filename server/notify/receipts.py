"""What became of a message, as told afterwards: a DSN (RFC 3464) or an SMS provider's callback.

All become one type. Who may tell is checked here too: a signature where we define the format, and
a token in the address for providers who sign nothing.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import Message
from email.policy import compat32
from typing import Any, Literal

from controle.convocation import Canal

from .courriel import KEY
from .sms import REFERENCE

State = Literal["delivered", "failed", "delayed"]

#: A DSN asked with RET=HDRS is some kilobytes; whatever is longer is not one.
MAX_BYTES = 262_144
#: How far a signed receipt's clock may be from ours: what is older may be a copy of one.
FRESH = timedelta(minutes=5)
STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
REASON = re.compile(r"[A-Za-z0-9._-]{1,32}")
MESSAGE_ID = re.compile(r"<\s*([^<>@\s]{1,64})@([^<>@\s]{1,255})\s*>")
XTEXT = re.compile(r"\+([0-9A-F]{2})")

ACTIONS: Mapping[str, State] = {"delivered": "delivered", "failed": "failed", "delayed": "delayed"}
#: OVHcloud, `ptt`: 4 is « delivered »; 1 and 2 are tried again; 3 is the operator's; 6 cannot be
#: known; every other one is a failure.
OVH_DELAYED = frozenset({1, 2})
OVH_UNDECIDED = frozenset({0, 3, 6})
#: OVHcloud, `description`: 1 success, 2 failed, 4 waiting, 8 buffered, 16 error.
OVH_STATES: Mapping[int, State] = {
    1: "delivered", 2: "failed", 4: "delayed", 8: "delayed", 16: "failed",
}  # fmt: skip
#: smsmode, `status.value`; SCHEDULED and ENROUTE say nothing yet, and new words are let be.
SMSMODE: Mapping[str, State] = {
    "DELIVERED": "delivered", "READ": "delivered",
    "UNDELIVERED": "failed", "UNDELIVERABLE": "failed", "REJECTED": "failed", "EXPIRED": "failed",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Receipt:
    """Of the message `key`, or of the one that the provider calls `reference`: one is empty at
    most. `at` is when it came in: a provider's clock proves nothing."""

    channel: Canal
    key: str
    reference: str
    state: State
    #: A code, never words: "5.1.1", "ptt-23".
    reason: str
    at: datetime


def of_dsn(raw: bytes, domain: str, now: datetime) -> Receipt | None:
    """What a delivery status notification says, or None for whatever else is in the mailbox.

    `domain` is the one of our Message-IDs. « relayed » and « expanded » prove no delivery.
    """
    if len(raw) > MAX_BYTES:
        return None
    try:
        return _read_dsn(message_from_bytes(raw, policy=compat32), domain, now)
    except Exception:
        # Anybody can write to our return address, and the email package raises many things.
        return None


def of_ovh(told: Mapping[str, str], now: datetime) -> Receipt | None:
    """The query of OVHcloud's callback: id, ptt, date, description, descriptionDlr."""
    reference, ptt = told.get("id", ""), _number(told.get("ptt"))
    state = _ovh_state(ptt, _number(told.get("description")))
    if state is None or not REFERENCE.fullmatch(reference):
        return None
    reason = "" if ptt is None or state == "delivered" else f"ptt-{ptt}"
    return Receipt(Canal.SMS, "", reference, state, reason, now)


def of_smsmode(raw: bytes, now: datetime) -> Receipt | None:
    """The JSON of smsmode's callback: the message, with `messageId`, `refClient` and `status`."""
    told = _object(raw)
    status = told.get("status")
    value = status.get("value") if isinstance(status, dict) else status
    state = SMSMODE.get(str(value).upper())
    reason = "" if state == "delivered" else str(value).upper()
    return _of_sms(told.get("refClient"), told.get("messageId"), state, reason, now)


def of_gateway(raw: bytes, now: datetime) -> Receipt | None:
    """Our own format: {"key" or "id": …, "state": "delivered" | "failed" | "delayed", "reason"}."""
    told = _object(raw)
    state = ACTIONS.get(str(told.get("state")))
    return _of_sms(told.get("key"), told.get("id"), state, told.get("reason"), now)


def token(provider: str, secret: str) -> str:
    """What stands in the callback address of a provider who signs nothing."""
    return hmac.new(secret.encode(), f"hooks/{provider}".encode(), hashlib.sha256).hexdigest()


def callback_url(origin: str, provider: str, secret: str) -> str:
    return f"{origin}/hooks/sms/{provider}/{token(provider, secret)}"


def is_token(told: str, provider: str, secret: str) -> bool:
    return _same(told, token(provider, secret))


def signature(timestamp: str, body: bytes, secret: str) -> str:
    """`X-Signature` of a body sent at `timestamp` (`X-Timestamp`, seconds since 1970)."""
    signed = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={signed.hexdigest()}"


def is_signed(told: str, timestamp: str, body: bytes, secret: str, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    right = _same(told, signature(timestamp, body, secret))
    return right and abs(now.timestamp() - int(timestamp)) <= FRESH.total_seconds()


def _same(told: str, ours: str) -> bool:
    """In constant time. A header may hold any byte (aiohttp reads it with surrogates)."""
    return hmac.compare_digest(told.encode(errors="surrogateescape"), ours.encode())


def _read_dsn(message: Message, domain: str, now: datetime) -> Receipt | None:
    if message.get_content_type() != "multipart/report":
        return None
    fields = [block for part in message.walk() for block in _status_blocks(part)]
    states = [(state, block) for block in fields if (state := _action(block)) is not None]
    key = _envelope_key(fields) or _message_key(message, domain)
    if not states or not key:
        return None
    state, block = states[0]
    found = STATUS.search(str(block.get("Status", "")))
    reason = found[0] if found and state != "delivered" else ""
    return Receipt(Canal.COURRIEL, key, "", state, reason, now)


def _status_blocks(part: Message) -> list[Message]:
    """The groups of fields of a message/delivery-status: of the message, then of each recipient."""
    if part.get_content_type() not in ("message/delivery-status", "message/global-delivery-status"):
        return []
    payload = part.get_payload()
    return [block for block in payload if isinstance(block, Message)] if payload else []


def _action(block: Message) -> State | None:
    return ACTIONS.get(str(block.get("Action", "")).strip().lower())


def _envelope_key(fields: list[Message]) -> str:
    """Our ENVID, given back in xtext (RFC 3461, 4)."""
    for block in fields:
        told = str(block.get("Original-Envelope-Id", "")).strip()
        key = XTEXT.sub(lambda sign: chr(int(sign[1], 16)), told)
        if KEY.fullmatch(key):
            return key
    return ""


def _message_key(message: Message, domain: str) -> str:
    """Our Message-ID in what is returned of the message: its headers, or all of it."""
    for header in _returned_ids(message):
        for key, at in MESSAGE_ID.findall(header):
            if at.lower() == domain.lower() and KEY.fullmatch(key):
                return str(key)
    return ""


def _returned_ids(message: Message) -> Iterator[str]:
    for part in message.walk():
        kind = part.get_content_type()
        payload = part.get_payload()
        if kind in ("message/rfc822", "message/global") and isinstance(payload, list):
            for returned in payload:
                if isinstance(returned, Message):
                    yield str(returned.get("Message-ID", ""))
        elif kind in ("text/rfc822-headers", "message/global-headers"):
            raw = part.get_payload(decode=True)
            if isinstance(raw, bytes):
                yield str(message_from_bytes(raw).get("Message-ID", ""))


def _ovh_state(ptt: int | None, description: int | None) -> State | None:
    if ptt == 4:
        return "delivered"
    if ptt in OVH_DELAYED:
        return "delayed"
    if ptt is not None and ptt not in OVH_UNDECIDED:
        return "failed"
    state = OVH_STATES.get(description) if description is not None else None
    # « The operator has it » and « cannot be known » are no proof of delivery.
    return None if state == "delivered" and ptt in (3, 6) else state


def _of_sms(
    key: object, reference: object, state: State | None, reason: object, now: datetime
) -> Receipt | None:
    key = key if isinstance(key, str) and KEY.fullmatch(key) else ""
    reference = str(reference) if isinstance(reference, str | int) else ""
    reference = reference if REFERENCE.fullmatch(reference) else ""
    if state is None or not (key or reference):
        return None
    why = reason if isinstance(reason, str) and REASON.fullmatch(reason) else ""
    return Receipt(Canal.SMS, key, reference, state, why, now)


def _object(raw: bytes) -> dict[str, Any]:
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[0-9]{1,5}", text) else None
