"""The vault's keys, and what they seal: bound to its place, one bit of which may not change."""

import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from certs.key_index import KeyRingDamaged
from server.identity.vault import Unreadable, Vault
from server.identity.vault_keys import VaultKeys
from server.store.database import KeysMissing, open_database
from server.store.people import Assure, Caisse, add_assure, add_caisse
from server.store.sealed import Person, Safe

NOW = datetime(2027, 1, 11, 9, tzinfo=UTC)
SECRET = "un-secret-de-test-assez-long-pour-servir"
WORDS = "Mme Zwijnaarde"

Opens = Callable[[str, str, bytes], bytes]


@pytest.fixture
def ring(tmp_path: Path) -> VaultKeys:
    return VaultKeys.open(tmp_path / "vault", NOW)


@pytest.fixture(params=["service", "derived", "person"])
def sealer(request: pytest.FixtureRequest, ring: VaultKeys) -> Vault | Person:
    if request.param == "service":
        return Vault(SECRET, ring)
    if request.param == "derived":
        return Vault(SECRET)
    return Safe(Vault(SECRET, ring)).new("as-1")[1]


@pytest.mark.row("OP-07")
def test_a_value_moved_to_another_row_or_column_does_not_open(sealer: Vault | Person) -> None:
    sealed = sealer.seal_text("assure.nom", "as-1", WORDS)

    assert sealer.open_text("assure.nom", "as-1", sealed) == WORDS
    for purpose, row in (("assure.nom", "as-2"), ("assure.courriel", "as-1"), ("assure", "nom")):
        with pytest.raises(Unreadable):
            sealer.open_text(purpose, row, sealed)


@pytest.mark.row("OP-07")
def test_no_bit_of_a_sealed_value_may_change(sealer: Vault | Person) -> None:
    sealed = sealer.seal("assure.nom", "as-1", WORDS.encode())

    changed = [flipped(sealed, bit) for bit in range(8 * len(sealed))]
    wrong = [one for one in changed if opens(sealer.open, one) is not None]

    assert opens(sealer.open, sealed) == WORDS.encode()
    assert (wrong, len(sealed) > 40) == ([], True)


@pytest.mark.row("OP-07")
@pytest.mark.parametrize("text", ["", "k2.", "p.", "é", "p.AAAA", "k2.AgAAAAI=", "AQ==", "k9.AQID"])
def test_what_was_never_sealed_does_not_open(ring: VaultKeys, text: str) -> None:
    with pytest.raises(Unreadable):
        Vault(SECRET, ring).open_text("assure.nom", "as-1", text)


@pytest.mark.row("OP-07")
def test_what_is_sealed_for_one_person_opens_with_nobody_else_s_key(ring: VaultKeys) -> None:
    safe = Safe(Vault(SECRET, ring))
    kept, mine = safe.new("as-1")
    other = safe.new("as-2")[1]
    sealed = mine.seal_text("envoi", "e-1", WORDS)

    with pytest.raises(Unreadable):
        other.open_text("envoi", "e-1", sealed)
    # The key of one, put into the row of another.
    with pytest.raises(Unreadable):
        safe.person("as-2", kept)


def test_keys_at_hand_are_bounded_and_a_destroyed_one_is_not_used(ring: VaultKeys) -> None:
    safe = Safe(Vault(SECRET, ring), at_hand=3)
    kept = {name: safe.new(name)[0] for name in ("a", "b", "c", "d")}

    held = {name for name in kept if safe.at_hand(name) is not None}
    erased = safe.person("d", "")

    assert held == {"b", "c", "d"}
    assert erased is None
    assert safe.at_hand("d") is None
    assert safe.person("a", kept["a"]) is safe.at_hand("a")


# --- the ring -----------------------------------------------------------------------------------


@pytest.mark.row("SP-13")
def test_what_was_sealed_before_there_was_a_ring_opens_until_its_key_is_retired(
    ring: VaultKeys,
) -> None:
    older = Vault(SECRET).seal_text("lien", "t-1", WORDS)
    vault = Vault(SECRET, ring)

    before = vault.open_text("lien", "t-1", older)
    ring.rotate(NOW)
    retired = ring.retire(NOW)

    assert (before, retired) == (WORDS, [1, 2])
    with pytest.raises(Unreadable):
        vault.open_text("lien", "t-1", older)


@pytest.mark.row("SP-13")
def test_another_process_seals_with_the_new_key_at_once_and_loses_the_old_one(
    ring: VaultKeys, tmp_path: Path
) -> None:
    there = Vault(SECRET, VaultKeys.open(tmp_path / "vault", NOW))
    old = there.seal_text("lien", "t-1", WORDS)

    ring.rotate(NOW)
    new = there.seal_text("lien", "t-1", WORDS)
    still = there.open_text("lien", "t-1", old)
    ring.retire(NOW)
    newer = there.seal_text("lien", "t-1", WORDS)

    assert [text.partition(".")[0] for text in (old, new, newer)] == ["k2", "k3", "k3"]
    assert still == there.open_text("lien", "t-1", new) == WORDS
    with pytest.raises(Unreadable):
        there.open_text("lien", "t-1", old)


@pytest.mark.row("SP-13")
def test_keys_are_for_the_service_alone_and_a_retired_one_is_in_no_file(
    ring: VaultKeys, tmp_path: Path
) -> None:
    folder = tmp_path / "vault"
    secret = (folder / "2.key").read_bytes()

    ring.rotate(NOW)
    ring.retire(NOW)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"index.json": 0o600, "3.key": 0o600, ".lock": 0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert secret not in b"".join(path.read_bytes() for path in folder.iterdir())


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "2.key").unlink(),
        lambda folder: (folder / "2.key").write_bytes(b"short"),
        lambda folder: (folder / "index.json").write_text("{"),
        lambda folder: (folder / "index.json").write_text('{"keys": []}'),
    ],
)
@pytest.mark.usefixtures("ring")
def test_a_damaged_ring_is_not_replaced_by_a_new_one(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    damage(tmp_path / "vault")

    with pytest.raises(KeyRingDamaged):
        VaultKeys.open(tmp_path / "vault", NOW)


@pytest.mark.usefixtures("ring")
def test_a_lost_index_costs_no_key(tmp_path: Path) -> None:
    key = (tmp_path / "vault" / "2.key").read_bytes()
    (tmp_path / "vault" / "index.json").unlink()

    number, _ = VaultKeys.open(tmp_path / "vault", NOW).current

    assert number == 3
    assert (tmp_path / "vault" / "2.key").read_bytes() == key


@pytest.mark.row("SP-13")
async def test_a_store_without_its_keys_does_not_open(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'telecontrole.db'}"
    database = await open_database(url)
    async with database.write() as connection:
        await add_caisse(connection, Caisse("c", "CPAM", "Europe/Paris", "3646"))
        await add_assure(connection, Assure("as-1", "c", "Mme", "Zwijnaarde", "a@exemple.fr", ""))
    await database.close()
    (tmp_path / "keys" / "vault").rename(tmp_path / "elsewhere")

    # Twice: the first try must not leave a ring behind that is taken for the right one.
    for _ in range(2):
        with pytest.raises(KeysMissing):
            await open_database(url)


def flipped(sealed: bytes, bit: int) -> bytes:
    changed = bytearray(sealed)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def opens(opener: Opens, sealed: bytes) -> bytes | None:
    try:
        return opener("assure.nom", "as-1", sealed)
    except Unreadable:
        return None
