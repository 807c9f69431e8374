"""The words of the messages: neutral, without NIR, pathology or context (features.md CN-08).

« Modèle à valider » by a lawyer and the data protection officer of each caisse.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

Channel = Literal["courriel", "sms"]
Kind = Literal["convocation", "code"]

MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet",
    "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip
DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")


@dataclass(frozen=True, slots=True)
class Text:
    """One message on one channel."""

    kind: Kind
    channel: Channel
    subject: str
    body: str


def french_hour(moment: datetime, zone: str) -> str:
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local.hour} h {local.minute:02d}"


def french_day(moment: datetime, zone: str) -> str:
    local = moment.astimezone(ZoneInfo(zone))
    return f"{DAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]} {local.year}"


def convocation(*, caisse: str, start: datetime, zone: str, link: str, helpline: str) -> list[Text]:
    """The convocation by both channels, each with the date, the hour and how to connect."""
    day, hour = french_day(start, zone), french_hour(start, zone)
    mail = f"""Bonjour,

{caisse} vous convoque à un rendez-vous de contrôle par visioconférence :
{day} à {hour} (heure de {city(zone)}).

Le jour venu, ouvrez ce lien depuis un téléphone, une tablette ou un ordinateur :
{link}

Un code vous sera envoyé par SMS pour entrer. Préparez une pièce d'identité et les documents
que vous souhaitez montrer, et installez-vous dans un lieu calme où vous êtes seul.

Vous pouvez refuser la visioconférence, sans donner de raison : un rendez-vous en présentiel vous
sera proposé. Vous pouvez vous faire assister. L'entretien n'est jamais enregistré.

En cas d'empêchement, ou pour toute question : {helpline}.
"""
    sms = f"{caisse}: RDV par visio le {start.astimezone(ZoneInfo(zone)):%d/%m} a {hour}. {link}"
    return [
        Text("convocation", "courriel", f"Votre rendez-vous du {day}", mail),
        Text("convocation", "sms", "", sms),
    ]


def access_code(*, code: str, minutes: int) -> Text:
    """The second factor. It says what it is for, so that nobody gives it away by phone."""
    return Text(
        "code",
        "sms",
        "",
        f"{code} est votre code pour votre rendez-vous par visio, valable {minutes} min. "
        "Ne le donnez a personne, meme par telephone.",
    )


def city(zone: str) -> str:
    return zone.rsplit("/", 1)[-1].replace("_", " ")
