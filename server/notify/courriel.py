"""One message as mail: text, HTML and calendar in MIME (RFC 5322, 2045, 6047), nothing else.

Every header value comes from here or is checked here: a line break in a subject would be a header
of somebody else's choice (docs/threat-model.md, spoofed mail).
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from email_validator import EmailNotValidError, validate_email

from .parcel import Parcel

#: Seven bits on the wire: no relay has a reason to rewrite the body under the DKIM signature.
POLICY = SMTP.clone(cte_type="7bit")
#: What may stand on the left of a Message-ID (a dot-atom of RFC 5322, without its stranger signs).
KEY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9])?")
METHOD = re.compile(r"[A-Z]{3,16}")
LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
#: Control characters and the line ends of Unicode: `str.splitlines` cuts at more than CR and LF.
FORBIDDEN = frozenset({"Cc", "Zl", "Zp", "Cs"})
MAX_HEADER = 255


class MessageRefused(Exception):
    """No mail can be made of this parcel; the reason is a code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who mail comes from: one fixed address of the caisse's domain, and its name."""

    address: str
    name: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    @property
    def from_header(self) -> Address:
        return Address(display_name=clean(self.name, "name"), addr_spec=self.address)


def mail_address(text: str) -> str | None:
    """The address as SMTP takes it (an accented domain in its `xn--` form), or None.

    Strict, and without DNS: a domain's server may be down today. An accented local part is
    refused: few servers take one (SMTPUTF8).
    """
    try:
        found = validate_email(
            text.strip(), allow_smtputf8=False, strict=True, check_deliverability=False
        )
    except EmailNotValidError:
        return None
    return found.ascii_email


def message_id(key: str, letterhead: Letterhead) -> str:
    """The same at every attempt: a mailbox that gets the message twice can tell.

    :raises MessageRefused: for a key that could not be told from the rest of a header.
    """
    if not KEY.fullmatch(key):
        raise MessageRefused("key")
    return f"<{key}@{letterhead.domain}>"


def build(parcel: Parcel, letterhead: Letterhead, now: datetime) -> EmailMessage:
    """:raises MessageRefused: for what no header or envelope can hold."""
    mail = _headed(parcel.key, parcel.to, parcel.subject, letterhead, now)
    try:
        fill(mail, parcel)
    except UnicodeError:
        raise MessageRefused("text") from None
    # Last: a message that becomes multipart gives its Content-… to its first part.
    mail["Content-Language"] = language(parcel.language)
    return mail


def plain(
    key: str, to: str, subject: str, text: str, letterhead: Letterhead, now: datetime
) -> EmailMessage:
    """A text, to somebody of the service; raises as `build`."""
    mail = _headed(key, to, subject, letterhead, now)
    mail.set_content(text, cte="quoted-printable")
    return mail


def _headed(key: str, to: str, subject: str, letterhead: Letterhead, now: datetime) -> EmailMessage:
    mail = EmailMessage(policy=POLICY)
    mail["Message-ID"] = message_id(key, letterhead)
    mail["Date"] = format_datetime(now)
    mail["From"] = letterhead.from_header
    mail["To"] = Address(addr_spec=recipient(to))
    mail["Subject"] = clean(subject, "subject")
    # RFC 3834. Of Exchange's answers only those of people and absences are unwanted: « All »
    # would suppress the receipts too.
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    return mail


def fill(mail: EmailMessage, parcel: Parcel) -> None:
    """The body, from the plainest to the richest (RFC 2046, 5.1.4)."""
    mail.set_content(parcel.text, cte="quoted-printable")
    if parcel.html:
        mail.add_alternative(parcel.html, subtype="html", cte="quoted-printable")
    if not parcel.calendar:
        return
    if not METHOD.fullmatch(parcel.calendar_method):
        raise MessageRefused("calendar")
    # Twice: mail programs that know calendars read the alternative, the others show a file.
    kind = {"method": parcel.calendar_method}
    mail.add_alternative(parcel.calendar, subtype="calendar", cte="quoted-printable", params=kind)
    mail.add_attachment(
        parcel.calendar,
        subtype="calendar",
        cte="base64",
        params=kind,
        filename="rendez-vous.ics",
    )


def recipient(text: str) -> str:
    """:raises MessageRefused: for an address that SMTP cannot take."""
    address = mail_address(text)
    # Not `strip`ped into something valid: what was stored must be an address already.
    if address is None or text != text.strip():
        raise MessageRefused("address")
    return address


def language(code: str) -> str:
    """A tag of RFC 5646; easy-to-read French is French."""
    return code if LANGUAGE.fullmatch(code) and code != "falc" else "fr"


def clean(text: str, what: str) -> str:
    """:raises MessageRefused: where a header would break, or be too long."""
    if len(text) > MAX_HEADER or any(unicodedata.category(sign) in FORBIDDEN for sign in text):
        raise MessageRefused(what)
    return text
