"""What an SMS says: one sentence or two, in the GSM alphabet, at most two segments."""

from controle.convocation import GenreEnvoi

from . import gsm
from .details import Details
from .wording import Wording

MAX_SEGMENTS = 2
#: What may be cut when there is no room, in this order, and how much of it stays. Never the link,
#: the date, the address or the phone number.
_MAY_SHRINK = (("caisse", 12), ("place", 0))


def short_text(kind: GenreEnvoi, wording: Wording, details: Details) -> str:
    """What the assuré reads on the phone."""
    values = _values(wording, details)
    key = f"sms.{kind}"
    if kind is GenreEnvoi.PRESENTIEL and details.previous:
        key += ".changed"
    text = _written(key, wording, values)
    for name, least in _MAY_SHRINK:
        whole = values[name]
        for length in range(len(whole) - 1, least - 1, -1):
            if gsm.segments(text) <= MAX_SEGMENTS:
                return text
            values[name] = f"{whole[:length].rstrip()}." if length else ""
            text = _written(key, wording, values)
    return text


def _written(key: str, wording: Wording, values: dict[str, str]) -> str:
    said = wording.say(key, **values)
    return gsm.transliterated(" ".join(said.split()))


def _values(wording: Wording, details: Details) -> dict[str, str]:
    place = details.place
    contact = (details.link, details.helpline)
    return {
        "caisse": gsm.transliterated(details.caisse),
        "helpline": details.helpline,
        "day": wording.short_day(details.start, details.zone),
        "hour": wording.short_hour(details.start, details.zone),
        "zone": wording.zone(details.zone),
        "link": details.link,
        "contact": " / ".join(way for way in contact if way),
        "code": details.code,
        "place": gsm.transliterated(place.name) if place else "",
        "address": place.address if place else "",
        "access_code": details.access_code,
        "access_minutes": str(details.access_minutes),
    }
