"""What we are made of: pinned by hash, from no named place, above the known flaws, and listed."""

import json
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted(ROOT.glob("requirements*.txt"))
PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^]]*\])?==(\S+)", re.MULTILINE)

#: The oldest versions without a known flaw that touches us: docs/threat-model.md says which.
FLOORS = {
    "aiohttp": (3, 14, 4),
    "python-engineio": (4, 15, 1),
    "python-socketio": (5, 18, 1),
    "pyjwt": (2, 13, 0),
    "cryptography": (50, 0, 0),
    "jinja2": (3, 1, 6),
    "authlib": (1, 9, 0),
    "pillow": (12, 0, 0),
}


def parts(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


@pytest.mark.row("SP-14")
@pytest.mark.parametrize("package", FLOORS)
def test_what_is_installed_is_above_the_known_flaws(package: str) -> None:
    assert parts(version(package)) >= FLOORS[package]


@pytest.mark.row("SP-14")
@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_package_is_pinned_by_hash_and_from_no_named_place(lock: Path) -> None:
    text = lock.read_text()

    blocks = re.split(r"\n(?=[a-z0-9])", text[text.index("\n") + 1 :])
    pinned = [block for block in blocks if PINNED.match(block)]

    assert pinned
    assert all("--hash=sha256:" in block for block in pinned)
    assert "://" not in text
    assert "--index-url" not in text


@pytest.mark.row("SP-14")
def test_the_client_s_lock_has_hashes_and_no_address() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())

    packages = {name: one for name, one in lock["packages"].items() if name}

    assert all(one["integrity"].startswith("sha512-") for one in packages.values())
    assert not any("resolved" in one for one in packages.values())


@pytest.mark.row("SP-14")
def test_the_bill_of_materials_names_every_package_that_runs(tmp_path: Path) -> None:
    bill = tmp_path / "python.cdx.json"

    subprocess.run(
        [
            sys.executable, "-W", "ignore", "-m", "cyclonedx_py",
            "requirements", "requirements.txt", "--output-reproducible", "-o", str(bill),
        ],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip

    wanted = set(PINNED.findall((ROOT / "requirements.txt").read_text()))
    assert named(bill.read_text()) == wanted


@pytest.mark.row("SP-14")
def test_the_client_s_bill_names_every_package_that_its_lock_does() -> None:
    npm = shutil.which("npm") or str(Path(sys.executable).with_name("npm"))

    told = subprocess.run(
        [npm, "sbom", "--silent", "--sbom-format", "cyclonedx", "--package-lock-only"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip

    lock = json.loads((ROOT / "package-lock.json").read_text())
    locked = {
        (name.rpartition("node_modules/")[2], one["version"])
        for name, one in lock["packages"].items()
        if name and not one.get("optional")
    }
    assert locked <= named(told.stdout)


def named(bill: str) -> set[tuple[Any, Any]]:
    return {(one["name"], one["version"]) for one in json.loads(bill)["components"]}
