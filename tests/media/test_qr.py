"""The QR code that the pages draw is the one that another maker draws of the same text."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import segno

ROOT = Path(__file__).parents[2]
NODE = shutil.which("node", path=f"{os.environ['PATH']}{os.pathsep}{ROOT / '.venv' / 'bin'}")
DRAW = """
const { qr } = await import(process.argv[1]);
console.log(JSON.stringify(JSON.parse(process.argv[2]).map((text) => qr(text))));
"""


@pytest.mark.row("JO-07")
def test_the_pages_code_is_that_of_another_maker_in_each_version_and_none_beyond() -> None:
    if NODE is None:
        pytest.skip("needs node")
    link = "https://telecontrole.example/v#" + "k3_-Zw" * 60
    # As long as each version holds: the other maker fills what is left in a way of its own.
    texts = [link[:length] for length in (17, 32, 53, 78, 106, 134, 154, 192, 230)]
    module = (ROOT / "web-client" / "qr.js").as_uri()

    done = subprocess.run(
        [NODE, "--input-type=module", "-e", DRAW, module, json.dumps([*texts, link])],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    *drawn, beyond = json.loads(done.stdout)
    for text, rows in zip(texts, drawn, strict=True):
        other = segno.make_qr(
            text, error="l", mode="byte", encoding="utf-8", mask=0, boost_error=False
        )
        assert [[int(dark) for dark in row] for row in rows] == [list(row) for row in other.matrix]
    assert beyond is None
