"""Prints the browser's view of the HTTP API: `python -m server.web.typescript` (`make types`)."""

import sys

from signaling.typescript import HEADER, declarations, structs_of

from . import messages


def api_types() -> str:
    structs = [s for s in structs_of(messages) if s is not messages.Body]
    parts = [
        HEADER.format(source="server/web/messages.py"),
        'import type { Entry } from "./protocol";\n',
        declarations(structs),
    ]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(api_types())
