"""Numbers as people write them: mainland, overseas, and who gets no SMS."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.notify.phones import OVERSEAS, can_receive_sms, normalize

pytestmark = pytest.mark.row("AI-05")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("06 12 34 56 78", "+33612345678"),
        ("07.56.78.90.12", "+33756789012"),
        ("+33 (0)6 12 34 56 78", "+33612345678"),
        ("0033612345678", "+33612345678"),
        ("06\u00a012\u202f34\u00a056\u00a078", "+33612345678"),
        ("04 67 00 00 00", "+33467000000"),
        ("+32 470 12 34 56", "+32470123456"),
    ],
)
def test_a_number_is_read_as_people_write_it(written: str, read: str) -> None:
    assert normalize(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("0692123456", "+262692123456"),
        ("0639012345", "+262639012345"),
        ("0690001234", "+590690001234"),
        ("0696201234", "+596696201234"),
        ("0694201234", "+594694201234"),
        ("+687 75 12 34", "+687751234"),
        ("+689 87 12 34 56", "+68987123456"),
        ("+508 55 12 34", "+508551234"),
        ("+681 82 12 34", "+681821234"),
    ],
)
def test_an_overseas_mobile_is_one_wherever_it_is_written(written: str, read: str) -> None:
    assert normalize(written) == read
    assert can_receive_sms(read)


@pytest.mark.parametrize("region", OVERSEAS)
def test_the_mobile_of_every_part_of_the_republic_gets_an_sms(region: str) -> None:
    example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    assert example is not None
    e164 = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)

    assert normalize(e164) == e164
    assert can_receive_sms(e164)


@pytest.mark.parametrize(
    "written",
    [
        "", "3646", "06 12 34 56", "06123456789", "0612345678 poste 4", "0800 CAISSE", "+33",
        "0612345678\r\nX: y", "０６１２３４５６７８", "1" * 40, "+999123456789", "tel:+33612345678",
    ],
)  # fmt: skip
def test_what_is_no_number_is_none(written: str) -> None:
    assert normalize(written) is None


@pytest.mark.parametrize("written", ["55 12 34", "75 12 34", "82 12 34"])
def test_six_digits_that_could_be_two_peoples_are_nobodys_without_their_country(
    written: str,
) -> None:
    assert normalize(written) is None


@pytest.mark.parametrize(
    "e164", ["+33467000000", "+262262123456", "+590590271234", "+33800123456", "", "0467000000"]
)
def test_a_landline_gets_no_sms(e164: str) -> None:
    assert not can_receive_sms(e164)


@given(st.text(max_size=40))
def test_whatever_is_written_gives_e164_or_nothing(written: str) -> None:
    read = normalize(written)

    assert read is None or (read[0] == "+" and read[1:].isdigit() and normalize(read) == read)
