"""The rings of signing keys: rotation, retirement, publication, several processes."""

import json
import os
import stat
import threading
from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from certs.jwk import JwksRefused, thumbprint
from certs.signing_keys import KeyRing, KeyRingDamaged, public_keys_from_jwks

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.row("SP-13")


def raw(signature: str) -> bytes:
    return urlsafe_b64decode(signature + "==")


def test_a_first_opening_makes_one_key_that_the_next_opening_finds(tmp_path: Path) -> None:
    first = KeyRing.open(tmp_path / "tokens", NOW)

    again = KeyRing.open(tmp_path / "tokens", NOW + HOUR)

    assert again.current.kid == first.current.kid
    assert len(again.jwks()["keys"]) == 1


def test_private_keys_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path / "tokens", NOW)

    key = tmp_path / "tokens" / f"{ring.current.kid}.pem"

    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700


def test_a_key_is_named_by_its_thumbprint() -> None:
    # The example of RFC 8037, appendix A.3.
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"

    public = Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(x + "="))

    assert thumbprint(public) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_a_rotation_does_not_cut_what_was_signed_before(tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path, NOW)
    kid, signature = ring.sign(b"token of a call in course")

    ring.rotate(NOW + HOUR)

    assert ring.current.kid != kid
    assert ring.verify(kid, b"token of a call in course", raw(signature))
    assert ring.sign(b"x")[0] == ring.current.kid


def test_a_retired_token_key_verifies_no_more(tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path, NOW)
    kid, signature = ring.sign(b"m")
    ring.rotate(NOW + HOUR)

    too_early = ring.retire(NOW + HOUR)
    retired = ring.retire(NOW + 2 * HOUR)

    assert (too_early, retired) == ([], [kid])
    assert not ring.verify(kid, b"m", raw(signature))
    assert ring.public(kid) is None
    assert not (tmp_path / f"{kid}.pem").exists()


def test_a_seal_can_be_verified_for_ever(tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path, NOW, permanent=True)
    kid, signature = ring.sign(b"attestation")
    ring.rotate(NOW + HOUR)
    ring.retire(NOW + 2 * HOUR)

    later = KeyRing.open(tmp_path, NOW + 9999 * HOUR, permanent=True)

    assert later.verify(kid, b"attestation", raw(signature))
    assert kid in public_keys_from_jwks(later.jwks())
    assert not (tmp_path / f"{kid}.pem").exists()
    assert later.retire(NOW + 9999 * HOUR) == []


def test_the_key_that_signs_is_never_retired(tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path, NOW)

    assert ring.retire(NOW + 9999 * HOUR) == []
    assert ring.sign(b"m")[0] == ring.current.kid


def test_another_process_learns_of_a_rotation(tmp_path: Path) -> None:
    here, there = KeyRing.open(tmp_path, NOW), KeyRing.open(tmp_path, NOW)
    kid = there.rotate(NOW + HOUR)
    kid_signed, signature = there.sign(b"m")

    # A token from there arrives here before anybody refreshed.
    assert here.verify(kid_signed, b"m", raw(signature))
    assert here.current.kid == kid
    assert here.refresh() is False
    assert there.refresh() is False


def test_two_rotations_within_one_tick_of_the_clock_are_both_seen(tmp_path: Path) -> None:
    here, there = KeyRing.open(tmp_path, NOW), KeyRing.open(tmp_path, NOW)
    index = tmp_path / "index.json"
    there.rotate(NOW)
    os.utime(index, ns=(1, 1))
    here.refresh()

    there.rotate(NOW)
    os.utime(index, ns=(1, 1))

    assert here.refresh() is True
    assert here.current.kid == there.current.kid


def test_rings_that_rotate_at_the_same_time_lose_no_key(tmp_path: Path) -> None:
    rings = [KeyRing.open(tmp_path, NOW) for _ in range(4)]
    together = threading.Barrier(len(rings))

    def rotate(ring: KeyRing) -> None:
        together.wait()
        for _ in range(5):
            ring.rotate(NOW)

    threads = [threading.Thread(target=rotate, args=(ring,)) for ring in rings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(KeyRing.open(tmp_path, NOW).jwks()["keys"]) == 1 + 4 * 5


def test_the_published_set_verifies_a_token_elsewhere(tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path, NOW)
    kid, private = ring.current
    token = jwt.encode({"sub": "x"}, private, algorithm="EdDSA", headers={"kid": kid})

    published = json.loads(json.dumps(ring.jwks()))

    assert published["keys"][0] | {"x": ""} == {
        "kty": "OKP", "crv": "Ed25519", "x": "", "use": "sig", "alg": "EdDSA", "kid": kid,
    }  # fmt: skip
    keys = jwt.PyJWKSet.from_dict(published)
    assert jwt.decode(token, keys[kid], algorithms=["EdDSA"]) == {"sub": "x"}
    assert jwt.decode(token, public_keys_from_jwks(published)[kid], algorithms=["EdDSA"])


def test_a_published_set_never_holds_a_private_half(tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path, NOW)
    ring.rotate(NOW)

    assert all("d" not in key for key in ring.jwks()["keys"])


@pytest.mark.parametrize("jwks", [{}, {"keys": None}, {"keys": {}}, [], None])
def test_what_is_not_a_key_set_is_refused(jwks: object) -> None:
    with pytest.raises(JwksRefused):
        public_keys_from_jwks(jwks)  # type: ignore[arg-type]


def test_a_key_under_the_name_of_another_is_refused(tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path, NOW)
    ring.rotate(NOW)
    new, old = ring.jwks()["keys"]

    with pytest.raises(JwksRefused, match="not the key of that name"):
        public_keys_from_jwks({"keys": [new | {"kid": old["kid"]}]})


@pytest.mark.parametrize("x", ["", "é", "AAAA", "!" * 43, "A" * 5000])
def test_a_damaged_published_key_is_refused(x: str) -> None:
    key = {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "k"}

    with pytest.raises(JwksRefused):
        public_keys_from_jwks({"keys": [key]})


def test_keys_of_other_kinds_are_passed_over(tmp_path: Path) -> None:
    (ours,) = KeyRing.open(tmp_path, NOW).jwks()["keys"]
    others: list[object] = [{"kty": "EC"}, {"kty": "RSA", "use": "enc"}, 7, ours | {"use": "enc"}]

    assert list(public_keys_from_jwks({"keys": [*others, ours]})) == [ours["kid"]]


@given(kid=st.text(), message=st.binary(), signature=st.binary())
def test_no_signature_verifies_by_chance_and_none_raises(
    tmp_path_factory: pytest.TempPathFactory, kid: str, message: bytes, signature: bytes
) -> None:
    ring = KeyRing.open(tmp_path_factory.getbasetemp() / "chance", NOW)

    assert not ring.verify(kid, message, signature)
    assert not ring.verify(ring.current.kid, message, signature)


@pytest.mark.parametrize("kid", [None, [], 7, "../../etc/passwd", "\ud800"])
def test_a_strange_kid_is_only_unknown(tmp_path: Path, kid: object) -> None:
    ring = KeyRing.open(tmp_path, NOW)

    assert ring.verify(kid, b"m", b"s" * 64) is False  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["{", "[]", '{"keys": [{}]}', '{"keys": [{"kid": 1, "x": ""}]}'])
def test_a_damaged_index_is_named(tmp_path: Path, text: str) -> None:
    KeyRing.open(tmp_path, NOW)
    (tmp_path / "index.json").write_text(text)

    with pytest.raises(KeyRingDamaged):
        KeyRing.open(tmp_path, NOW)


def test_a_private_key_under_the_name_of_another_is_named(tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path / "a", NOW)
    other = KeyRing.open(tmp_path / "b", NOW)
    ours = tmp_path / "a" / f"{ring.current.kid}.pem"
    ours.write_bytes((tmp_path / "b" / f"{other.current.kid}.pem").read_bytes())

    with pytest.raises(KeyRingDamaged):
        KeyRing.open(tmp_path / "a", NOW)


def test_an_index_that_vanishes_does_not_empty_the_ring(tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path, NOW)
    kid, signature = ring.sign(b"m")
    (tmp_path / "index.json").unlink()

    with pytest.raises(KeyRingDamaged):
        ring.refresh()

    assert ring.verify(kid, b"m", raw(signature))
    assert not ring.verify("unknown", b"m", raw(signature))


def test_a_private_key_that_vanishes_is_named(tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path, NOW)
    (tmp_path / f"{ring.current.kid}.pem").unlink()

    with pytest.raises(KeyRingDamaged):
        KeyRing.open(tmp_path, NOW)


def test_naive_times_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="aware"):
        KeyRing.open(tmp_path, datetime(2026, 11, 20))  # noqa: DTZ001
