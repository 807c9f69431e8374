"""Where somebody who found a weakness may write (RFC 9116)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.config import Config, ConfigurationError
from server.config_checks import check_for_service


@pytest.mark.row("SP-14")
async def test_the_contact_is_published_and_does_not_hold_for_ever(serve: Any) -> None:
    service = await serve(security_contact="mailto:securite@caisse.example")

    answer = await service.browser().get("/.well-known/security.txt")

    fields = dict(line.split(": ", 1) for line in answer.raw.decode().splitlines())
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert fields["Contact"] == "mailto:securite@caisse.example"
    assert fields["Canonical"].endswith("/.well-known/security.txt")
    left = datetime.fromisoformat(fields["Expires"]) - datetime.now(UTC)
    assert timedelta(days=30) < left < timedelta(days=365)


async def test_while_nobody_was_named_there_is_no_such_file(serve: Any) -> None:
    service = await serve()

    answer = await service.browser().get("/.well-known/security.txt")

    assert answer.status == 404


@pytest.mark.parametrize(
    "contact", ["securite@caisse.example", "http://x.example", "mailto:a@b.example\nExpires: never"]
)
def test_what_is_no_contact_is_refused_at_the_start(contact: str) -> None:
    config = Config(secret="x" * 40, security_contact=contact)

    with pytest.raises(ConfigurationError, match="security_contact"):
        check_for_service(config)
