"""A running signaling server for whoever asks."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from signaling_doubles import House, open_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path / "tokens") as running:
        yield running
