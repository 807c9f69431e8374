"""The settings: what is read, what is refused, and with which sentence."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from server_people import SECRET

from certs.tls import ensure_local_tls
from server.config import DEFAULT_SECRET, Config, ConfigurationError, read
from server.config_checks import check_for_service


def toml(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "telecontrole.toml"
    file.write_text(text)
    return file


@pytest.mark.row("SP-13")
def test_the_environment_comes_after_the_file(tmp_path: Path) -> None:
    file = toml(tmp_path, 'port = 1\nhost = "::1"\nstun_urls = ["stun:a"]\nopen_before = 60\n')

    config = read(file, {"TELECONTROLE_PORT": "2", "TELECONTROLE_STUN_URLS": "stun:b, stun:c,"})

    assert (config.port, config.host) == (2, "::1")
    assert config.stun_urls == ("stun:b", "stun:c")
    assert config.open_before == timedelta(seconds=60)


def test_the_guide_tells_every_setting() -> None:
    guides = Path(__file__).parents[2] / "docs/guides"
    told = "".join(guide.read_text() for guide in guides.glob("*.md"))

    assert [one.name for one in fields(Config) if f"`{one.name}`" not in told] == []


WRONG = [
    "porte = 1",
    'port = "huit"',
    "port = 8443.5",
    "port = true",
    "origin = 5",
    'origin = ["https://a.test"]',
    "heartbeat = inf",
    "heartbeat = nan",
    'ice_policy = "none"',
    "stun_urls = [1]",
    "= 1",
]


@pytest.mark.row("SP-13")
@pytest.mark.parametrize("text", WRONG)
def test_an_unknown_setting_or_a_value_of_the_wrong_kind_is_refused(
    tmp_path: Path, text: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(toml(tmp_path, text), {})

    named = {text.split(" ", maxsplit=1)[0], "telecontrole.toml"}
    assert any(name in str(refused.value) for name in named if name != "=")


def test_a_refusal_does_not_quote_the_value(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(None, {"TELECONTROLE_PORT": "mon-secret"})

    assert "mon-secret" not in str(refused.value)


@pytest.fixture
def good(tmp_path: Path) -> Config:
    tls = ensure_local_tls(tmp_path / "tls", ["localhost"], datetime.now(UTC))
    return replace(
        Config(),
        data_dir=tmp_path,
        secret=SECRET,
        tls_certificate=str(tls.certificate),
        tls_key=str(tls.key),
    )


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"secret": DEFAULT_SECRET}, "secret"),
    ({"secret": "x" * 31}, "secret"),
    ({"origin": "http://controle.test"}, "origin"),
    ({"origin": "https://controle.test/"}, "origin"),
    ({"origin": "https://controle.test/app"}, "origin"),
    ({"tls_key": ""}, "tls"),
    ({"tls_key": "/nowhere.key"}, "/nowhere.key"),
    ({"tls_certificate": "", "tls_key": "", "host": "192.0.2.1"}, "host"),
    ({"turn_urls": ("turn:a",), "turn_secret": "court"}, "turn_secret"),
    ({"turn_urls": ("turn:a",)}, "turn_secret"),
    ({"metrics_networks": ("10.0.0.1/8",)}, "metrics_networks"),
    ({"trusted_proxies": ("proxy",)}, "trusted_proxies"),
    ({"convocation_days": 1}, "convocation_days"),
    ({"reminder_from_hour": 19}, "reminder_from_hour"),
    ({"reminder_until_hour": 24}, "reminder_from_hour"),
    ({"outbox_backoff": ()}, "outbox_backoff"),
    ({"outbox_backoff": ("1", "bientôt")}, "outbox_backoff"),
    ({"outbox_lease": timedelta(seconds=90)}, "outbox_lease"),
]


@pytest.mark.row("SP-13")
@pytest.mark.row("SP-03")
@pytest.mark.parametrize(("change", "named"), REFUSED, ids=str)
def test_a_service_does_not_start_with_this(
    good: Config, change: dict[str, Any], named: str
) -> None:
    check_for_service(good)
    check: Callable[[], None] = partial(check_for_service, replace(good, **change))

    with pytest.raises(ConfigurationError) as refused:
        check()

    assert named in str(refused.value)


@pytest.mark.row("SP-07")
def test_no_foreign_server_is_a_default() -> None:
    config = Config()

    assert (config.stun_urls, config.turn_urls) == ((), ())
    assert config.ice.policy == "all"
