"""What tests of several floors share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis_server import RedisServer


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[RedisServer]:
    """A Redis of one's own, on a socket in the test's directory."""
    server = RedisServer(tmp_path / "redis")
    await server.start()
    yield server
    server.stop()
