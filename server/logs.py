"""Structured logs that hold no name, token, phone, mail address or medical word.

Redaction is by allow-list: a key that is not below does not reach the log, whatever its value.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "logger",
        "code", "reason", "error", "sio_event", "namespace", "method", "route", "status",
        "milliseconds", "port", "count", "exception", "signal", "telecontrole", "where",
    }
)  # fmt: skip

#: What no value may look like even under an allowed key: addresses, phones, long secrets, JWTs.
SUSPECT = re.compile(
    r"[\w.+-]+@[\w-]+\.\w+|(?:\+|00)?\d[\d .-]{8,}\d|\beyJ[\w-]+\.[\w.-]+|#[\w-]{16,}"
)
#: Ours: ids of télécontrôles are random and name nobody.
UUID = re.compile(r"^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$")


#: At INFO these print tokens, descriptions and addresses (docs/threat-model.md).
CHATTY = ("engineio", "socketio", "aiohttp.access", "aioice", "aiortc", "alembic")


def keep_allowed(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: drops unknown keys, blanks suspicious text."""
    return {key: _clean(key, value) for key, value in event.items() if key in ALLOWED}


def _clean(key: str, value: Any) -> Any:
    if not isinstance(value, str) or key == "timestamp" or UUID.match(value):
        return value
    return SUSPECT.sub("[…]", value)


def foreign_words(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Of a library's record, its own words alone: « Error handling request from %s », without
    what was put in, and without the lines after the first (asyncio adds the exception's text)."""
    record = event.get("_record")
    if record is not None:
        event["event"] = str(record.msg).partition("\n")[0]
        event["logger"] = record.name
    return event


def where_it_failed(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A traceback as file, line and exception type: its message may quote what came in."""
    info = event.pop("exc_info", None)
    if info:
        wrong = info[1] if isinstance(info, tuple) else info
        wrong = sys.exc_info()[1] if info is True else wrong
        if isinstance(wrong, BaseException):
            event["exception"] = type(wrong).__name__
            event["where"] = _place(wrong)
    return event


def _place(wrong: BaseException) -> str:
    last = wrong.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return f"{last.tb_frame.f_code.co_filename}:{last.tb_lineno}" if last else ""


def configure(stream: TextIO | None = None, *, readable: bool = False, level: str = "info") -> None:
    """Set up structlog, and the standard library's loggers behind the same rules.

    `level`: debug, info or warning; the chatty ones stay at warning whatever it is.
    """
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        where_it_failed,
    ]
    last = (
        structlog.dev.ConsoleRenderer(colors=False)
        if readable
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                keep_allowed,
                last,
            ],
            foreign_pre_chain=[foreign_words, *shared],
        )
    )
    # A record that cannot be written must not be printed instead, values and all.
    logging.raiseExceptions = False
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
