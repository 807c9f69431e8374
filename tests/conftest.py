"""What tests of several floors share."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import is_hypothesis_test, settings
from redis_server import RedisServer


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[RedisServer]:
    """A Redis of one's own, on a socket in the test's directory."""
    server = RedisServer(tmp_path / "redis")
    await server.start()
    yield server
    server.stop()


#: `make fuzz`: so many times as many examples of everything that Hypothesis makes up.
LONGER = int(os.environ.get("TELECONTROLE_EXAMPLES", "1"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if LONGER == 1:
        return
    for item in items:
        test = getattr(item, "obj", None)
        if test is not None and is_hypothesis_test(test):
            before = test._hypothesis_internal_use_settings
            longer = settings(before, max_examples=before.max_examples * LONGER, deadline=None)
            test._hypothesis_internal_use_settings = longer
            item.add_marker(pytest.mark.timeout(3_600))
