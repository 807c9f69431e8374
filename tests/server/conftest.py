"""A service over a temporary database, people who use it, and a clock that a test moves."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from server_people import Service

from server.store.database import migrate


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database, made once and copied."""
    file = tmp_path_factory.mktemp("blank") / "telecontrole.db"
    migrate(f"sqlite+aiosqlite:///{file}")
    return file


Serve = Callable[..., Awaitable[Service]]


@pytest.fixture
async def serve(tmp_path: Path, blank: Path) -> AsyncIterator[Serve]:
    """Starts services; all are stopped after the test."""
    async with AsyncExitStack() as stack:

        async def start(data: Path | None = None, **settings: Any) -> Service:
            service = Service(data or tmp_path / "data", blank, **settings)
            await service.start()
            stack.push_async_callback(service.stop)
            return service

        yield start


@pytest.fixture
async def service(serve: Serve) -> Service:
    return await serve()


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)
