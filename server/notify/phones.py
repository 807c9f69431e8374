"""Which number is a phone's: French and overseas numbers as E.164, and those that take an SMS."""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

#: A number without its country is read as one of mainland France first, then as one of the
#: Republic's other numbering plans: 0692123456 is nobody's in mainland France, and a mobile in
#: Réunion.
MAINLAND = "FR"
OVERSEAS = ("RE", "YT", "GP", "MQ", "GF", "PM", "BL", "MF", "NC", "PF", "WF")

#: What people write in a number. No letter: « 0800 CAISSE » is not a mobile.
WRITTEN = re.compile(r"\+?[0-9\s().\-/]{3,32}", re.ASCII)
SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2011": "-"})
#: North American plans do not tell mobiles from landlines.
MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
#: The mobiles that the Arcep keeps for fiction: given to nobody, they are what demos and tests
#: are made of.
FICTION = re.compile(r"\+3363998\d{4}")


def normalize(text: str) -> str | None:
    """The number in E.164 (« +262692123456 »), or None when it is no one's or could be two
    people's: six digits alone exist in Nouméa and in Saint-Pierre alike, and a convocation must
    not go to the wrong one. Such a number is written with its country, +687 or +508.
    """
    written = text.translate(SPACES).strip()
    if not WRITTEN.fullmatch(written):
        return None
    mainland = _valid(written, MAINLAND)
    if mainland is not None:
        return mainland
    found = {_valid(written, region) for region in OVERSEAS} - {None}
    return found.pop() if len(found) == 1 else None


def can_receive_sms(stored: str) -> bool:
    """Whether it is a mobile: a landline gets no SMS, and its owner a letter instead."""
    number = _parsed(stored, MAINLAND)
    if number is None:
        return False
    if phonenumbers.number_type(number) in MOBILE:
        return True
    return FICTION.fullmatch(phonenumbers.format_number(number, PhoneNumberFormat.E164)) is not None


def spoken(stored: str) -> str:
    """« 06 39 98 01 99 » for who dials it in France, « +687 75 12 34 » elsewhere; as it is stored
    when it is no number."""
    number = _parsed(stored, MAINLAND)
    if number is None:
        return stored
    at_home = number.country_code == phonenumbers.country_code_for_region(MAINLAND)
    form = PhoneNumberFormat.NATIONAL if at_home else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, form)


def _valid(text: str, region: str) -> str | None:
    number = _parsed(text, region)
    if number is None:
        return None
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    known = phonenumbers.is_valid_number(number) or FICTION.fullmatch(e164)
    return e164 if known else None


def _parsed(text: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException:
        return None
