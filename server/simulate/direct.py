"""SQLite without the thread that aiosqlite puts between it and the event loop.

The same file, statements and settings (WAL, synchronous=FULL); a year has millions of statements,
and nobody else waits for this loop.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiosqlite


class Direct(aiosqlite.Connection):
    """Runs each call where it is made."""

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return fn(*args, **kwargs)


async def connect(file: Path) -> aiosqlite.Connection:
    def opened() -> sqlite3.Connection:
        return sqlite3.connect(file, check_same_thread=False)

    connection = Direct(opened, iter_chunk_size=64)
    connection._thread.daemon = True
    return await connection
