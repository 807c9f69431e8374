"""What the page concludes and advises, run as the page runs it, beside what the service reads."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from server.equipment.words import REMARKS

ROOT = Path(__file__).parents[2]
NODE = shutil.which("node", path=f"{os.environ['PATH']}{os.pathsep}{ROOT / '.venv' / 'bin'}")
SCRIPT = """
const rules = await import(process.argv[1]);
const { parts, figures } = JSON.parse(process.argv[2]);
console.log(JSON.stringify({
  remedies: rules.REMEDIES,
  parts: parts.map((one) => [rules.colour(one), rules.advice(one)]),
  figures: figures.map((one) => [rules.network(one), rules.inWords(one)]),
}));
"""
WELL = {
    "navigateur": "ok", "camera": "ok", "micro": "ok", "haut_parleur": "ok", "reseau": "ok",
    "echo": "ok", "chemin": "relais",
}  # fmt: skip

pytestmark = [
    pytest.mark.row("JO-04"),
    pytest.mark.skipif(not NODE, reason="needs node"),
]


def concluded(*, parts: list[Any] | None = None, figures: list[Any] | None = None) -> Any:
    given = json.dumps({"parts": parts or [], "figures": figures or []})
    script = str(ROOT / "web-client" / "equipment-verdict.js")
    done = subprocess.run(
        [str(NODE), "--input-type=module", "-e", SCRIPT, script, given],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_each_failure_has_a_remedy_for_the_person_and_a_remark_for_who_receives() -> None:
    remedies = concluded()["remedies"]

    told = {(part, code) for part, codes in remedies.items() for code in codes}

    assert told == set(REMARKS)
    sentences = [sentence for codes in remedies.values() for sentence in codes.values()]
    assert len(set(sentences)) == len(sentences)


COLOURS = [
    ({}, "pret"),
    ({"reseau": "non_teste", "echo": "non_teste"}, "pret"),
    ({"echo": "occupe"}, "pret"),
    ({"haut_parleur": "non_entendu"}, "a_surveiller"),
    ({"camera": "refuse"}, "a_surveiller"),
    ({"camera": "introuvable"}, "a_surveiller"),
    ({"micro": "faible"}, "a_surveiller"),
    ({"reseau": "faible"}, "a_surveiller"),
    ({"echo": "echec"}, "a_surveiller"),
    ({"echo": "echec", "reseau": "non_teste"}, "echec"),
    ({"micro": "refuse"}, "echec"),
    ({"micro": "introuvable"}, "echec"),
    ({"reseau": "mauvais"}, "echec"),
    ({"reseau": "aucun"}, "echec"),
    ({"navigateur": "incompatible"}, "echec"),
]


def test_the_verdict_is_the_worst_of_its_parts_and_advises_on_each() -> None:
    found = concluded(parts=[WELL | changed for changed, _ in COLOURS])["parts"]

    assert [colour for colour, _ in found] == [expected for _, expected in COLOURS]
    for (colour, advice), (changed, _) in zip(found, COLOURS, strict=True):
        assert bool(advice) == (colour != "pret"), changed


def figures(up: Any = 1_500, down: Any = 1_500, loss: Any = 0, rtt: Any = 40) -> dict[str, Any]:
    return {"up_kbps": up, "down_kbps": down, "loss_percent": loss, "rtt_ms": rtt}


FIGURES = [
    (figures(), "ok"),
    (figures(up=399), "faible"),
    (figures(down=99), "mauvais"),
    (figures(loss=4), "faible"),
    (figures(loss=13), "mauvais"),
    (figures(rtt=301), "faible"),
    (figures(rtt=1_001), "mauvais"),
    # The echo's alone: what an encoder sent says nothing of what could pass.
    (figures(up=None, down=None), "ok"),
    (figures(None, None, None, None), "non_teste"),
]


def test_figures_become_a_word_and_a_sentence() -> None:
    found = concluded(figures=[one for one, _ in FIGURES])["figures"]

    assert [word for word, _ in found] == [expected for _, expected in FIGURES]
    assert found[0][1].replace("\u00a0", " ") == (
        "1,5 Mbit/s envoyés, 1,5 Mbit/s reçus, aucune perte, aller-retour de 40 ms"
    )
    assert found[-1][1] == ""
