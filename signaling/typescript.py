"""Prints TypeScript declarations from msgspec Structs: the browser's view of the protocol.

`python -m signaling.typescript` prints web-client/protocol.d.ts (`make types` writes both files).
"""

import inspect
import sys
from collections.abc import Iterable, Mapping
from types import ModuleType

import msgspec
from msgspec import inspect as shape

from . import protocol

HEADER = "// Printed from {source} by `make types`: change that file, not this one.\n"

#: What socket.io's own Socket<In, Out> wants: every event as a function.
EVENTS = (
    ("ClientToServerEvents", protocol.CLIENT_TO_SERVER, True),
    ("ServerToClientEvents", protocol.SERVER_TO_CLIENT, False),
    ("ConsoleToServerEvents", protocol.CONSOLE_TO_SERVER, True),
    ("ServerToConsoleEvents", protocol.SERVER_TO_CONSOLE, False),
)

SIMPLE: dict[type[shape.Type], str] = {
    shape.StrType: "string",
    shape.IntType: "number",
    shape.FloatType: "number",
    shape.BoolType: "boolean",
    shape.NoneType: "null",
}


def structs_of(module: ModuleType) -> list[type[msgspec.Struct]]:
    """The Structs that a module defines itself, in the order it does."""
    return [
        member
        for member in vars(module).values()
        if inspect.isclass(member)
        and issubclass(member, msgspec.Struct)
        and member.__module__ == module.__name__
    ]


def declarations(structs: Iterable[type[msgspec.Struct]]) -> str:
    return "\n".join(_interface(struct) for struct in structs)


def _interface(struct: type[msgspec.Struct]) -> str:
    described = shape.type_info(struct)
    if not isinstance(described, shape.StructType):
        raise TypeError(f"not a Struct: {struct!r}")
    # What is read from us is always whole; what is sent to us may leave defaults out.
    lines = [f"  {field.name}: {_type(field.type)};" for field in described.fields]
    body = "\n".join(lines)
    doc = (struct.__doc__ or "").strip().splitlines()[0] if struct.__doc__ else ""
    comment = f"/** {doc} */\n" if doc else ""
    return (
        f"{comment}export interface {struct.__name__} {{\n{body}\n}}\n"
        if lines
        else (f"{comment}export type {struct.__name__} = Record<string, never>;\n")
    )


def _type(described: shape.Type) -> str:
    for kind, text in SIMPLE.items():
        if isinstance(described, kind):
            return text
    if isinstance(described, shape.LiteralType):
        return " | ".join(msgspec.json.encode(value).decode() for value in described.values)
    if isinstance(described, shape.UnionType):
        return " | ".join(_type(one) for one in described.types)
    if isinstance(described, shape.ListType):
        inner = _type(described.item_type)
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    if isinstance(described, shape.StructType):
        return described.cls.__name__
    if isinstance(described, shape.Metadata):
        return _type(described.type)
    raise TypeError(f"no TypeScript for {described!r}")


def events(name: str, table: Mapping[str, type[msgspec.Struct]], *, acknowledged: bool) -> str:
    """socket.io's interface of events: name -> function type."""
    ack = ", ack: (answer: Answer) => void" if acknowledged else ""
    lines = [
        f"  {event}: (payload: {struct.__name__}{ack}) => void;" for event, struct in table.items()
    ]
    return f"export interface {name} {{\n" + "\n".join(lines) + "\n}\n"


def protocol_types() -> str:
    structs = [s for s in structs_of(protocol) if s is not protocol.Message]
    parts = [HEADER.format(source="signaling/protocol.py"), declarations(structs)]
    parts.append("export type Answer = Accepted | Refused;\n")
    parts.extend(events(name, table, acknowledged=ack) for name, table, ack in EVENTS)
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(protocol_types())
