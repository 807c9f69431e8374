"""A service over a temporary database, people who use it, and a clock that a test moves."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import stores
from planning_people import Office, office_over, served
from server_people import Browser, Service

from server.store.database import migrate


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database, made once and copied."""
    file = tmp_path_factory.mktemp("blank") / "telecontrole.db"
    migrate(f"sqlite+aiosqlite:///{file}")
    return file


@pytest.fixture(scope="session", autouse=True)
def cluster() -> Iterator[None]:
    """PostgreSQL, where tests write to it."""
    with stores.running():
        yield


@pytest.fixture(autouse=True)
def dropped(cluster: None) -> Iterator[None]:
    """A test's databases, after it."""
    with stores.dropped_after():
        yield


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


# --- a caisse's office --------------------------------------------------------------------------


@pytest.fixture
async def office(blank: Path, tmp_path: Path) -> AsyncIterator[Office]:
    async with office_over(blank, tmp_path / "office") as one:
        yield one


@pytest.fixture
async def base(office: Office) -> AsyncIterator[str]:
    async with served(office) as address:
        yield address


@pytest.fixture
async def console(office: Office, base: str) -> AsyncIterator[Browser]:
    """An agent of Rennes, logged in."""
    browser = Browser(base)
    await browser.ok("/api/agent/session", {"login": await office.login()})
    yield browser
    await browser.close()


@pytest.fixture
async def lille(office: Office, base: str) -> AsyncIterator[Browser]:
    """An agent of another caisse, logged in."""
    browser = Browser(base)
    await browser.ok("/api/agent/session", {"login": await office.login("agent-l")})
    yield browser
    await browser.close()
