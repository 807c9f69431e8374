"""ICE servers: ours or none, with credentials that end."""

import hmac
from base64 import b64decode
from datetime import UTC, datetime

import pytest

from media.ice import IceSettings, IceSettingsRefused, ice_servers, turn_credentials

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.mark.row("SP-07")
def test_by_default_nobody_is_asked() -> None:
    settings = IceSettings()

    assert (settings.stun_urls, settings.turn_urls) == ((), ())
    assert ice_servers(settings, "x", NOW) == []


def test_there_is_at_most_one_stun_and_one_turn_entry() -> None:
    settings = IceSettings(
        stun_urls=("stun:a.example:3478", "stun:b.example:3478"),
        turn_urls=("turn:a.example:3478", "turns:a.example:5349?transport=tcp"),
        turn_secret="s",
        turn_ttl_seconds=600,
    )

    stun, turn = ice_servers(settings, "seat", NOW)

    assert stun == {"urls": ["stun:a.example:3478", "stun:b.example:3478"]}
    assert turn["urls"] == list(settings.turn_urls)
    assert turn["username"] == f"{int(NOW.timestamp()) + 600}:seat"


def test_a_turn_credential_is_what_coturn_computes() -> None:
    username, credential = turn_credentials("north", "seat", 1_800_000_000)

    assert username == "1800000000:seat"
    assert b64decode(credential) == hmac.digest(b"north", b"1800000000:seat", "sha1")


def test_the_secret_is_not_printed() -> None:
    settings = IceSettings(turn_urls=("turn:a.example",), turn_secret="hush")

    assert "hush" not in repr(settings)


def test_turn_without_its_secret_is_refused() -> None:
    with pytest.raises(IceSettingsRefused, match="secret"):
        IceSettings(turn_urls=("turn:a.example",))


def test_relay_only_without_a_relay_is_refused() -> None:
    with pytest.raises(IceSettingsRefused, match="TURN"):
        IceSettings(policy="relay")
