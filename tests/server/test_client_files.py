"""The browser client as it is kept for the next start."""

from pathlib import Path

import pytest

from server.web.pages import Client, kept_in


@pytest.mark.row("OPS-03")
def test_a_restart_takes_what_was_compressed_before(tmp_path: Path) -> None:
    file = tmp_path / "client.msgpack"

    first, known = Client(kept=file), kept_in(file)
    second = Client(kept=file)

    assert len(known) >= len(first.assets)
    assert (second.pages, second.assets) == (first.pages, first.assets)


def test_a_broken_file_of_it_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "client.msgpack"
    file.write_bytes(b"\xc1 nothing that is one")

    client = Client(kept=file)

    assert client.assets["call.js"].gzip
    assert kept_in(file)
