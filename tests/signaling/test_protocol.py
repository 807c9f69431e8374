"""The protocol is written once: the types, the handlers and the document say the same."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from server.web.typescript import api_types
from signaling import access, protocol
from signaling.limits import Limits
from signaling.namespace import RoomNamespace, decoded
from signaling.protocol import (
    CLIENT_TO_SERVER,
    CONSOLE_TO_SERVER,
    SERVER_TO_CLIENT,
    SERVER_TO_CONSOLE,
    Description,
    Message,
)
from signaling.typescript import protocol_types, structs_of
from signaling.verbs import THIRD_VERBS, TIMED_VERBS, VERBS

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "protocol.md"
EVENTS = sorted({*CLIENT_TO_SERVER, *SERVER_TO_CLIENT, *CONSOLE_TO_SERVER, *SERVER_TO_CONSOLE})


def told() -> set[str]:
    """Every word that docs/protocol.md sets as code."""
    return set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`([^`\n]+)`", DOCUMENT.read_text()))))


def codes_in(source: str) -> Iterator[str]:
    """What is given as a code to NotAllowed, AccessRefused or Refused."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id in ("NotAllowed", "AccessRefused") and node.args:
            given: ast.expr | None = node.args[0]
        elif node.func.id == "Refused":
            given = next((word.value for word in node.keywords if word.arg == "code"), None)
        else:
            continue
        if isinstance(given, ast.Constant):
            yield str(given.value)


def codes() -> list[str]:
    sources = (path.read_text() for path in sorted((ROOT / "signaling").glob("*.py")))
    found = {code for source in sources for code in codes_in(source)}
    return sorted(found | {code for _, code in access.CODES})


@pytest.mark.parametrize(
    ("name", "printed"),
    [("protocol.d.ts", protocol_types()), ("api.d.ts", api_types())],
    ids=["protocol", "api"],
)
def test_the_browsers_types_are_those_of_the_server(name: str, printed: str) -> None:
    kept = (ROOT / "web-client" / name).read_text()

    assert kept == printed, "run `make types`"


def test_every_event_of_a_client_has_its_verb() -> None:
    verbs = {*VERBS, *TIMED_VERBS, *THIRD_VERBS}

    assert verbs == CLIENT_TO_SERVER.keys() == set(RoomNamespace.names.values())
    assert not VERBS.keys() & TIMED_VERBS.keys()


def test_no_method_of_a_namespace_can_be_reached_by_an_events_name() -> None:
    methods = [name for name in dir(RoomNamespace) if name.startswith("on_")]

    assert methods == []


def test_events_are_named_in_one_way() -> None:
    odd = [event for event in EVENTS if not re.fullmatch(r"[a-z]+(_[a-z]+)*", event)]

    assert odd == []


@pytest.mark.parametrize("event", EVENTS)
def test_the_document_tells_every_event(event: str) -> None:
    assert event in told()


@pytest.mark.parametrize("code", codes())
def test_the_document_tells_every_code(code: str) -> None:
    assert code in told()


@pytest.mark.parametrize("limit", msgspec.inspect.type_info(Limits).fields, ids=lambda f: f.name)
def test_the_document_tells_every_limit(limit: msgspec.inspect.Field) -> None:
    number = f"{limit.default:,}".replace(",", " ").removesuffix(".0")

    text = re.sub(r"(?<=\d)[  , _](?=\d{3})", " ", DOCUMENT.read_text())

    assert re.search(rf"(?<!\d){re.escape(number)}(?!\d)", text), limit.name


@pytest.mark.row("SP-02")
def test_what_is_relayed_is_encoded_anew() -> None:
    sent = {"sdp": "v=0", "negotiation": 1, "fresh": True, "display_name": "Dr No", "x": [1]}

    passed_on = msgspec.to_builtins(decoded((sent,), Description))

    assert passed_on == {"sdp": "v=0", "negotiation": 1, "fresh": True}


@pytest.mark.row("SP-02")
@pytest.mark.parametrize("event", CLIENT_TO_SERVER)
def test_an_event_has_one_payload(event: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        decoded(({}, {}), CLIENT_TO_SERVER[event])


@pytest.mark.row("SP-02")
def test_every_text_of_a_client_has_a_bound() -> None:
    inbound = [*CLIENT_TO_SERVER.values(), *CONSOLE_TO_SERVER.values()]

    loose = [
        f"{struct.__name__}.{field.name}"
        for struct in (*inbound, protocol.Auth, protocol.ConsoleAuth)
        for field in fields(struct)
        if not bounded(field.type)
    ]

    assert loose == []


def fields(struct: type[Message]) -> tuple[msgspec.inspect.Field, ...]:
    described = msgspec.inspect.type_info(struct)
    assert isinstance(described, msgspec.inspect.StructType)
    return described.fields


def bounded(kind: msgspec.inspect.Type) -> bool:
    if isinstance(kind, msgspec.inspect.UnionType):
        return all(bounded(one) for one in kind.types)
    if isinstance(kind, msgspec.inspect.StrType):
        return kind.max_length is not None or kind.pattern is not None
    if isinstance(kind, msgspec.inspect.ListType):
        return kind.max_length is not None and bounded(kind.item_type)
    if isinstance(kind, msgspec.inspect.IntType):
        return kind.le is not None and kind.ge is not None
    return isinstance(
        kind, (msgspec.inspect.BoolType, msgspec.inspect.LiteralType, msgspec.inspect.NoneType)
    )


def test_every_message_is_immutable() -> None:
    mutable = [one.__name__ for one in structs_of(protocol) if not one.__struct_config__.frozen]

    assert mutable == []
