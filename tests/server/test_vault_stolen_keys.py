"""A signing key was stolen: the command destroys it, and a running service believes it no more."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from command import outcome

from certs.signing_keys import KeyRing, KeyUnknown
from server.rings import Rings

NOW = datetime(2027, 1, 11, 9, tzinfo=UTC)


def ring_of(data: Path, use: str) -> KeyRing:
    rings = Rings.open(data, NOW)
    return rings.tokens if use == "tokens" else rings.seals


@pytest.mark.row("SP-13")
@pytest.mark.parametrize("use", ["tokens", "seals"])
async def test_a_stolen_key_signs_no_more_and_another_takes_its_place(
    tmp_path: Path, use: str
) -> None:
    running = ring_of(tmp_path, use)
    stolen, signature = running.sign(b"m")

    status, said = await outcome("keys", "retire", use, stolen, "--data-dir", str(tmp_path))
    running.refresh()

    assert status == 0, said
    assert f"Clé {use} détruite : {stolen}" in said
    assert running.current.kid != stolen
    assert running.current.kid in said
    assert not (tmp_path / "keys" / use / f"{stolen}.pem").exists()
    # What a seal has attested goes on verifying; a token is worth nothing from then on.
    kept = running.public(stolen)
    assert (kept is not None) == (use == "seals")
    assert signature


@pytest.mark.row("SP-13")
async def test_a_former_key_is_destroyed_and_the_one_that_signs_stays(tmp_path: Path) -> None:
    ring = ring_of(tmp_path, "tokens")
    former, current = ring.current.kid, ring.rotate(NOW)

    status, said = await outcome("keys", "retire", "tokens", former, "--data-dir", str(tmp_path))
    ring.refresh()

    assert (status, "Nouvelle clé" in said) == (0, False)
    assert (ring.current.kid, ring.public(former)) == (current, None)


@pytest.mark.parametrize("use", ["tokens", "seals"])
def test_a_key_is_destroyed_once_and_another_name_changes_nothing(tmp_path: Path, use: str) -> None:
    ring = ring_of(tmp_path, use)
    former = ring.current.kid
    successor = ring.withdraw(former, NOW)

    for wrong in (former, "another", ""):
        with pytest.raises(KeyUnknown):
            ring.withdraw(wrong, NOW)

    assert ring.current.kid == successor


@pytest.mark.parametrize(
    "arguments",
    [("retire", "tokens"), ("retire", "tokens", "another"), ("rotate", "tokens", "kid")],
)
async def test_what_names_no_key_is_refused_by_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    before = ring_of(tmp_path, "tokens").current.kid

    status, said = await outcome("keys", *arguments, "--data-dir", str(tmp_path))

    assert (status, said.startswith("telecontrole: ")) == (2, True)
    assert ring_of(tmp_path, "tokens").current.kid == before
