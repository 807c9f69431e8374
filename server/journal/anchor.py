"""Where the journal ends, in a small file beside its keys: what a cut of the database would hide.

It may be a few lines behind (after a power cut), never ahead: a line is on the disk before it.
"""

import json
import os
from pathlib import Path

#: A line's number and mark.
End = tuple[int, str]


class Anchor:
    def __init__(self, directory: Path) -> None:
        self._path = directory / "tete.json"

    def read(self) -> End | None:
        """None where there is none, or none that can be read."""
        try:
            told = json.loads(self._path.read_bytes())
            return int(told["seq"]), str(told["marque"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, end: End) -> None:
        """Whole or not at all; not waited for on the disk: being behind harms nothing."""
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({"seq": end[0], "marque": end[1]}, file)
        draft.replace(self._path)
