"""What a service refuses to start with, of the two stores beside the administrative one."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from server_people import ORIGIN, SECRET

from server.config import Config, ConfigurationError
from server.config_checks import check_for_service

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"medical_database_url": "sqlite+aiosqlite:////srv/telecontrole.db"}, "medical_database_url"),
    ({"journal_database_url": "sqlite+aiosqlite:////srv/telecontrole.db"}, "journal_database_url"),
    ({"medical_keys_dir": "/srv/keys/journal"}, "medical_keys_dir"),
    ({"note_characters": 0}, "note_characters"),
    ({"note_versions": 0}, "note_versions"),
    ({"note_characters": 17_000}, "body_bytes"),
    ({"journal_keep": timedelta(days=30)}, "journal_keep"),
    ({"journal_keep": timedelta(days=4_000)}, "journal_keep"),
    ({"journal_same": timedelta(hours=2)}, "journal_same"),
]


@pytest.mark.row("SP-09")
@pytest.mark.row("OP-07")
@pytest.mark.parametrize(("settings", "said"), WRONG)
def test_a_service_does_not_start_with_walls_that_are_none(
    settings: dict[str, Any], said: str
) -> None:
    sound = replace(Config(), data_dir=Path("/srv"), origin=ORIGIN, secret=SECRET)
    check_for_service(sound)

    with pytest.raises(ConfigurationError, match=said):
        check_for_service(replace(sound, **settings))
