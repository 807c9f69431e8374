"""`telecontrole technique`: the figures of a period, on the screen, as JSON, as CSV."""

import asyncio
import csv
import io
import json
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from certs.files import write_atomically
from server.caisse.tables import harmless
from server.config import Config, ConfigurationError
from server.rings import vault_of
from server.store.database import open_database
from server.store.sql import RegistreSql

from .figures import FEWEST, Shown, Table
from .reading import figures

#: Days begin at its midnight; a service of several time zones is told so by the report.
ZONE = ZoneInfo("Europe/Paris")
#: More days than this in one report are somebody's typing error.
LONGEST = 3_700


def run(config: Config, first: str, last: str, to_json: Path | None, to_csv: Path | None) -> int:
    """Both days included; works beside a running server, and writes nothing into its store.

    :raises ConfigurationError: these are no days, or a file cannot be written.
    """
    since, until = period(first, last)
    found: Table = {
        "du": first, "au": last, "fuseau": ZONE.key, "effectif_minimal": FEWEST,
        **asyncio.run(_read(config, since, until)),
    }  # fmt: skip
    try:
        if to_json is not None:
            text = json.dumps(found, ensure_ascii=False, indent=1)
            write_atomically(to_json, f"{text}\n".encode())
        if to_csv is not None:
            write_atomically(to_csv, as_csv(found).encode())
    except OSError as wrong:
        raise ConfigurationError(f"{wrong.filename}: {wrong.strerror}") from wrong
    for name, value in flat(found):
        sys.stdout.write(f"{name:<62}{said(value):>14}\n")
    return 0


def period(first: str, last: str) -> tuple[datetime, datetime]:
    """From the first day's midnight to the one after the last day.

    :raises ConfigurationError: what is not two days in their order.
    """
    try:
        start, end = date.fromisoformat(first), date.fromisoformat(last) + timedelta(days=1)
    except (ValueError, OverflowError) as wrong:
        raise ConfigurationError("de, a: two days, « 2026-11-30 »") from wrong
    if not 0 < (end - start).days <= LONGEST:
        raise ConfigurationError(f"de, a: in this order, {LONGEST} days at most")
    midnight = time(tzinfo=ZONE)
    return datetime.combine(start, midnight), datetime.combine(end, midnight)


async def _read(config: Config, since: datetime, until: datetime) -> Table:
    database = await open_database(config.database, vault_of(config, datetime.now(UTC)))
    try:
        async with RegistreSql(database).lecture() as unite:
            return (await figures(unite.connection, since, until)).shown()
    finally:
        await database.close()


def as_csv(found: Table) -> str:
    """One figure a line, as spreadsheets of this country read it."""
    out = io.StringIO()
    lines = csv.writer(out, delimiter=";", lineterminator="\r\n")
    lines.writerow(("mesure", "valeur"))
    lines.writerows((harmless(name), said(value)) for name, value in flat(found))
    return "\ufeff" + out.getvalue()


def flat(table: Table, before: str = "") -> Iterator[tuple[str, Shown]]:
    """Every figure with its whole name."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def said(value: Shown) -> str:
    if value is None:
        return "trop peu"
    if isinstance(value, str):
        return harmless(value)
    return str(value).replace(".", ",") if isinstance(value, float) else str(value)
