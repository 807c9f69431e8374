"""The house: floors that hold, modules that stand alone, and what the product never contains."""

import ast
import graphlib
import json
import re
import subprocess
import sys
from collections.abc import Mapping, Set
from functools import cache
from importlib.metadata import version
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ("certs", "controle", "media", "signaling", "server")
PYTHON = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))
PAGES = sorted(
    path
    for path in (ROOT / "web-client").rglob("*")
    # What is printed from the Python types (`make types`) is read there.
    if path.suffix in (".js", ".mjs", ".html", ".css")
)
TESTS = sorted(
    path for path in (ROOT / "tests").rglob("*") if path.suffix in (".py", ".js", ".mjs")
)
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in PYTHON
    if "migrations" not in path.parts
)
MAX_LINES = 600

#: What was imported before the fork is not ours: it only makes the children quick.
IMPORT_ALONE = """
import contextlib, json, os, sys
for heavy in ("aiohttp.web", "sqlalchemy.ext.asyncio", "socketio", "structlog", "jwt", "msgspec",
              "alembic.command", "aiortc", "cryptography.x509"):
    with contextlib.suppress(ImportError):
        __import__(heavy)
wrong = {}
for name in json.loads(sys.argv[1]):
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            __import__(name)
            said = ""
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(into, said.encode())
        os._exit(0)
    os.close(into)
    with os.fdopen(out) as told:
        text = told.read()
    os.waitpid(child, 0)
    if text:
        wrong[name] = text
print(json.dumps(wrong))
"""


def said(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def imported_alone() -> dict[str, str]:
    """Which modules fail in an interpreter that has imported nothing else of ours."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALONE, json.dumps(MODULES)],
        cwd=ROOT, capture_output=True, text=True, timeout=170, check=False,
    )  # fmt: skip
    if done.returncode:
        return dict.fromkeys(MODULES, done.stderr[-500:])
    wrong: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return wrong


def test_imports_go_one_way() -> None:
    linted = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert linted.returncode == 0, linted.stdout


def test_no_python_file_imports_itself_by_a_way_round() -> None:
    graph = grimp.build_graph(*FLOORS, cache_dir=None)

    imported = {one: graph.find_modules_directly_imported_by(one) for one in graph.modules}

    assert circle(imported) == []


def test_no_browser_module_imports_itself_by_a_way_round() -> None:
    """Neither at once nor when it is needed."""
    modules = {path.name: path for path in PAGES if path.suffix == ".js"}
    named = re.compile(r"""(?:\bfrom|^import|\bimport\()\s*["']\./([\w-]+\.js)["']""", re.MULTILINE)

    imported = {
        # In comments they are imported for their types.
        name: set(named.findall(re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)))
        & modules.keys()
        for name, path in modules.items()
    }

    assert imported["assure.js"] >= {"assure-room.js", "journey.js", "reading.js"}
    assert circle(imported) == []


def circle(imported: Mapping[str, Set[str]]) -> list[str]:
    """One way round, from a file to itself; none: empty."""
    try:
        graphlib.TopologicalSorter(imported).prepare()
    except graphlib.CycleError as found:
        return list(found.args[1])
    return []


@pytest.mark.parametrize("module", MODULES)
def test_each_module_is_imported_alone(module: str) -> None:
    assert imported_alone().get(module) is None


@pytest.mark.parametrize(
    "path", sorted((ROOT / "controle").rglob("*.py")), ids=lambda path: path.stem
)
def test_the_domain_needs_the_standard_library_alone(path: Path) -> None:
    known = sys.stdlib_module_names | {"controle"}

    foreign = {name for name in imports_of(path) if name.partition(".")[0] not in known}

    assert foreign == set()


def imports_of(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("path", [*PYTHON, *PAGES, *TESTS], ids=said)
def test_no_file_is_longer_than_one_person_reads(path: Path) -> None:
    length = len(path.read_text().splitlines())

    assert length <= MAX_LINES


@pytest.mark.row("CO-15")
@pytest.mark.parametrize("path", [*PYTHON, *PAGES], ids=said)
def test_nothing_in_the_product_records_a_person(path: Path) -> None:
    recorders = re.findall(
        r"MediaRecorder|MediaBlackhole|aiortc\.contrib|captureStream\(|showSaveFilePicker",
        path.read_text(),
    )

    assert recorders == []


#: Names that are no address: a namespace of W3C, what an operator is shown as an example.
HARMLESS = re.compile(
    r"^(www\.w3\.org|localhost|127\.0\.0\.1|host|(.+\.)?ex[ae]mple(\.(org|com|fr))?)$"
)
URL = re.compile(r"\b(?:https?|wss?)://([A-Za-z0-9.-]+)|\b(?:stuns?|turns?):([A-Za-z0-9.-]+)")


#: An SMS leaves by a provider, if the operator has chosen one: each is named in one file, and the
#: text holds no name and no context (row CN-08).
PROVIDERS = {
    "sms_ovh.py": {"eu.api.ovh.com"},
    "sms_smsmode.py": {"rest.smsmode.com"},
}


@pytest.mark.row("SP-07")
@pytest.mark.parametrize("path", [*PYTHON, *PAGES], ids=said)
def test_the_product_speaks_to_no_third_party(path: Path) -> None:
    hosts = {name for found in URL.findall(path.read_text()) for name in found if name}

    foreign = {host for host in hosts if not HARMLESS.match(host)}

    assert foreign == PROVIDERS.get(path.name, set())


#: The first versions without a known flaw that touches us (docs/threat-model.md).
NO_KNOWN_FLAW = {
    "aiohttp": (3, 14, 4),
    "python-engineio": (4, 13, 2),
    "python-socketio": (5, 16, 2),
    "pyjwt": (2, 13, 0),
}


@pytest.mark.row("SP-06")
@pytest.mark.parametrize("package", NO_KNOWN_FLAW)
def test_no_package_is_older_than_its_last_known_flaw(package: str) -> None:
    installed = tuple(int(part) for part in version(package).split(".")[:3])

    assert installed >= NO_KNOWN_FLAW[package]


def test_no_two_test_files_have_the_same_name() -> None:
    """pytest imports them by name alone, as one folder."""
    names = [path.name for path in TESTS if path.suffix == ".py" and path.name != "conftest.py"]

    assert sorted(names) == sorted(set(names))
