"""Prints the browser's view of the HTTP API: `python -m server.web.typescript` (`make types`)."""

import sys

from signaling.typescript import HEADER, declarations, structs_of

from . import (
    agent_messages,
    attestation_messages,
    console_messages,
    equipment_messages,
    messages,
    note_messages,
    thirds_messages,
)


def api_types() -> str:
    modules = (
        messages,
        agent_messages,
        console_messages,
        attestation_messages,
        equipment_messages,
        note_messages,
        thirds_messages,
    )
    known = (struct for module in modules for struct in structs_of(module))
    structs = [s for s in dict.fromkeys(known) if s is not messages.Body]
    parts = [
        HEADER.format(source="the *messages.py of server/web"),
        'import type { Entry } from "./protocol";\n',
        declarations(structs),
    ]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(api_types())
