"""Tokens that this very process has issued: known again by hash, and no more than their signature
would give."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certs.signing_keys import KeyRing
from signaling.access import Access, AccessRefused, Issued, Kind, Own, Tokens

pytestmark = [pytest.mark.row("SP-01")]

ISSUER = "https://telecontrole.example"


class Service:
    """One process of a service. `verified`: by signature, so far."""

    def __init__(self, directory: Path) -> None:
        self.ring = KeyRing.open(directory, datetime.now(UTC))
        self.tokens = Tokens(self.ring, ISSUER)
        self.verified = 0
        by_signature = self.tokens._claims

        def counted(token: str, kind: Kind) -> object:
            self.verified += 1
            return by_signature(token, kind)

        self.tokens._claims = counted  # type: ignore[method-assign, assignment]

    def issue(self, kind: Kind = "room", *, ago: timedelta = timedelta()) -> str:
        return self.tokens.issue(
            kind, subject="A-1", role="assure", room="R-1", session="S-1",
            now=datetime.now(UTC) - ago,
        )  # fmt: skip

    def code(self, token: str, kind: Kind = "room") -> str:
        with pytest.raises(AccessRefused) as refused:
            self.tokens.verify(token, kind)
        return refused.value.code


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path)


def test_it_says_what_its_signature_says(service: Service, tmp_path: Path) -> None:
    token = service.issue()
    elsewhere = Service(tmp_path)

    known, verified = service.tokens.verify(token, "room"), elsewhere.tokens.verify(token, "room")

    assert known == verified
    assert (service.verified, elsewhere.verified) == (0, 1)


def test_a_second_time_its_signature_is_looked_at(service: Service) -> None:
    token = service.issue()

    both = [service.tokens.verify(token, "room") for _ in range(2)]

    assert both[0] == both[1]
    assert service.verified == 1


def test_one_changed_character_is_another_token(service: Service) -> None:
    token = service.issue()
    changed = token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1]

    assert service.code(changed) == "token_wrong_signature"


def test_it_opens_no_other_door(service: Service) -> None:
    assert service.code(service.issue("console"), "room") == "token_wrong_type"
    assert service.code(service.issue("room"), "console") == "token_wrong_type"


def test_it_expires_as_any_other(service: Service) -> None:
    assert service.code(service.issue(ago=timedelta(minutes=10))) == "token_expired"
    assert service.code(service.issue(ago=timedelta(minutes=-10))) == "token_not_yet_valid"


def test_it_goes_with_its_key(service: Service) -> None:
    token = service.issue()

    service.ring.rotate(datetime.now(UTC))
    service.ring.retire(datetime.now(UTC) + timedelta(minutes=1))

    assert service.code(token) == "token_unknown_key"


def test_what_is_remembered_is_bounded_and_is_no_token() -> None:
    issued = Issued(most=3)
    access = Access(
        kind="room", subject="A", role="assure", room="R", jti="j", session="s", expires=0
    )

    for number in range(10):
        issued.keep(f"token {number}", Own("kid", 0, access))

    assert [issued.take(f"token {number}") is None for number in (6, 7, 8, 9)] == [
        True, False, False, False
    ]  # fmt: skip
    assert issued._known == {}
