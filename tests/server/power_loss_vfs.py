"""A disk that loses what was not synced: SQLite's files in memory (apsw), and a DB-API over it.

What is the product's here: the ledger, the page, every statement, the pragmas, the transactions
and the acknowledgement. What is not: the driver (apsw instead of sqlite3, whose library cannot be
given a VFS from Python), the build of SQLite that comes with it, and an exclusive lock, which
spares the shared memory of a WAL. The model: a write that was not followed by a sync of its file
is kept or lost by chance, whole or up to a sector; a file's creation, its truncation and its
deletion are durable at once, which is kinder than some file systems.
"""

import random
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import apsw

SECTOR = 512
NAME = "coupure"


class PowerIsOff(Exception):
    """Nothing reaches this disk any more."""


@dataclass
class Stored:
    """One file: what a power loss leaves for sure, and what was written since."""

    durable: bytearray = field(default_factory=bytearray)
    now: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes]] = field(default_factory=list)

    def write(self, data: bytes, offset: int) -> None:
        put(self.now, data, offset)
        self.pending.append((offset, data))

    def sync(self) -> None:
        self.durable = bytearray(self.now)
        self.pending.clear()

    def truncate(self, size: int) -> None:
        del self.now[size:]
        del self.durable[size:]
        self.pending = [(at, data[: max(0, size - at)]) for at, data in self.pending if at < size]

    def after_power_loss(self, chance: random.Random) -> bytes:
        left = bytearray(self.durable)
        for offset, data in self.pending:
            luck = chance.random()
            if luck < 0.4:
                put(left, data, offset)
            elif luck < 0.6:
                put(left, data[: SECTOR * chance.randint(0, len(data) // SECTOR)], offset)
        return bytes(left)


def put(content: bytearray, data: bytes, offset: int) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


class Disk(apsw.VFS):
    """`cut_at`: the operation (a write, a sync, a truncation) before which the power goes."""

    def __init__(self, chance: random.Random, cut_at: int) -> None:
        self.files: dict[str, Stored] = {}
        self.operations = 0
        #: What is found when the power is back; none while it is on.
        self.left: dict[str, bytes] | None = None
        #: Called at the instant of the loss.
        self.lost: Callable[[], None] = lambda: None
        self._chance = chance
        self._cut_at = cut_at
        super().__init__(NAME, base="")

    def load(self, name: str, content: bytes) -> None:
        self.files[name] = Stored(bytearray(content), bytearray(content))

    def operate(self) -> None:
        if self.left is not None:
            raise apsw.IOError("no power")
        self.operations += 1
        if self.operations == self._cut_at:
            self.left = {
                name: one.after_power_loss(self._chance) for name, one in self.files.items()
            }
            self.lost()
            raise apsw.IOError("no power")

    # SQLite's own names.
    def xOpen(self, name: Any, flags: list[int]) -> "Opened":  # noqa: N802
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        flags[1] = flags[0]
        return Opened(self, self.files.setdefault(path, Stored()))

    def xDelete(self, name: str, _: bool) -> None:  # noqa: N802
        self.operate()
        self.files.pop(name, None)

    def xAccess(self, name: str, _: int) -> bool:  # noqa: N802
        return name in self.files

    def xFullPathname(self, name: str) -> str:  # noqa: N802
        return name


class Opened:
    """An open file, as SQLite asks for it."""

    def __init__(self, disk: Disk, stored: Stored) -> None:
        self._disk = disk
        self._stored = stored

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        return bytes(self._stored.now[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.operate()
        self._stored.write(bytes(data), offset)

    def xSync(self, _: int) -> None:  # noqa: N802
        self._disk.operate()
        self._stored.sync()

    def xTruncate(self, size: int) -> None:  # noqa: N802
        self._disk.operate()
        self._stored.truncate(size)

    def xFileSize(self) -> int:  # noqa: N802
        return len(self._stored.now)

    def xClose(self) -> None:  # noqa: N802
        pass

    def xLock(self, _: int) -> None:  # noqa: N802
        pass

    def xUnlock(self, _: int) -> None:  # noqa: N802
        pass

    def xCheckReservedLock(self) -> bool:  # noqa: N802
        return False

    def xFileControl(self, _: int, __: int) -> bool:  # noqa: N802
        return False

    def xSectorSize(self) -> int:  # noqa: N802
        return SECTOR

    def xDeviceCharacteristics(self) -> int:  # noqa: N802
        return 0


# --- a DB-API, as far as SQLAlchemy's SQLite dialect asks for one --------------------------------


class Cursor:
    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self.description: Sequence[Any] | None = None
        self.rowcount = -1
        self.arraysize = 1
        self._rows: list[Any] = []

    @property
    def lastrowid(self) -> int:
        return self._connection.last_insert_rowid()

    def execute(self, statement: str, values: Sequence[Any] = ()) -> "Cursor":
        self._run(lambda: self._one(statement, values))
        return self

    def executemany(self, statement: str, many: Iterable[Sequence[Any]]) -> "Cursor":
        def all_of_them() -> None:
            count = 0
            for values in many:
                self._one(statement, values)
                count += self.rowcount
            self.rowcount = count

        self._run(all_of_them)
        return self

    def _one(self, statement: str, values: Sequence[Any]) -> None:
        cursor = self._connection.cursor()
        self.description = None

        def traced(one: apsw.Cursor, _: str, __: Any) -> bool:
            found = one.get_description()
            self.description = [(*column[:2], *[None] * 5) for column in found] or None
            return True

        cursor.exec_trace = traced
        self._rows = list(cursor.execute(statement, tuple(values)))
        self.rowcount = -1 if self.description else self._connection.changes()

    @staticmethod
    def _run(work: Callable[[], None]) -> None:
        try:
            work()
        except apsw.ConstraintError as wrong:
            raise sqlite3.IntegrityError(str(wrong)) from wrong
        except apsw.Error as wrong:
            raise sqlite3.OperationalError(str(wrong)) from wrong

    def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    def fetchone(self) -> Any:
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int = 1) -> list[Any]:
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    def close(self) -> None:
        self._rows = []


class Connection:
    isolation_level: str | None = None

    def __init__(self, file: str) -> None:
        self._connection = apsw.Connection(file, vfs=NAME)

    def cursor(self) -> Cursor:
        return Cursor(self._connection)

    def create_function(self, *_: Any, **__: Any) -> None:
        """The dialect offers a REGEXP, which nothing here uses."""

    def commit(self) -> None:
        if not self._connection.get_autocommit():
            self.cursor().execute("COMMIT")

    def rollback(self) -> None:
        if not self._connection.get_autocommit():
            self.cursor().execute("ROLLBACK")

    def close(self) -> None:
        self._connection.close()


def driver() -> Any:
    """What SQLAlchemy takes for the module `sqlite3`."""
    names = (
        "Error", "DatabaseError", "OperationalError", "IntegrityError", "ProgrammingError",
        "InterfaceError", "InternalError", "DataError", "NotSupportedError", "Warning",
        "PARSE_DECLTYPES", "PARSE_COLNAMES", "Binary",
    )  # fmt: skip
    version = apsw.sqlite_lib_version()
    return SimpleNamespace(
        **{name: getattr(sqlite3, name) for name in names},
        sqlite_version=version,
        sqlite_version_info=tuple(map(int, version.split("."))),
        paramstyle="qmark",
        apilevel="2.0",
        threadsafety=1,
        connect=lambda file, **_: Connection(file),
    )


def restore(left: dict[str, bytes], folder: Path) -> Path:
    """What is found when the power is back, as files for the product's own SQLite."""
    for name, content in left.items():
        (folder / Path(name).name).write_bytes(content)
    return folder / "telecontrole.db"
