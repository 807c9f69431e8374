"""Heads leave by mail and to a time-stamping authority; the audit reads both."""

import email
import email.policy
import shutil
import subprocess
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from providers import Relay
from register_scenes import Kept, Register, audit, lived, open_register
from stamp_authority import Authority

from controle.telecontrole import Etat
from server.config import Config, ConfigurationError
from server.evidence import command, making
from server.evidence.mail_place import MailPlace
from server.evidence.stamp_place import Authority as Asked
from server.evidence.stamp_place import StampPlace, roots_of
from server.notify import senders
from server.notify.courriel import Letterhead, plain
from server.notify.parcel import Outcome, Verdict

TO = "temoin@ailleurs.example"

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="OpenSSL's command makes the authority of these tests"
)


@dataclass
class Mailbox:
    """What would be posted, as files; `verdict`: what the relay says."""

    folder: Path
    clock: Any
    verdict: Verdict = Verdict.ACCEPTED
    mails: list[Path] = field(default_factory=list)

    async def tell(self, key: str, to: str, subject: str, text: str) -> Outcome:
        if self.verdict is not Verdict.ACCEPTED:
            return Outcome(self.verdict, "451")
        letterhead = Letterhead("service@caisse.example", "Assurance maladie")
        mail = plain(key, to, subject, text, letterhead, self.clock())
        file = self.folder / f"{key}.eml"
        file.write_bytes(mail.as_bytes())
        self.mails.append(file)
        return Outcome(Verdict.ACCEPTED)


@pytest.fixture
async def authority(tmp_path: Path) -> Any:
    one = await Authority.open(tmp_path / "autorite")
    yield one
    await one.close()


async def spoken(register: Register, room: str) -> None:
    await register.court.record(room, "media_lost")
    await register.head()


@pytest.mark.row("OP-02")
async def test_a_mail_holds_the_last_head_and_leaves_not_more_often_than_it_may(
    tmp_path: Path, blank: Path
) -> None:
    box = Mailbox(tmp_path, None)
    place = MailPlace(box, TO, "https://controle.test", timedelta(hours=4))
    register = await open_register(tmp_path / "data", blank, place)
    box.clock = register.court.clock
    (room,) = await register.court.rooms("mc-1", etat=Etat.EN_ATTENTE)

    for _ in range(10):
        await spoken(register, room)
    register.court.clock.pass_by(4 * 3_600)
    await register.places.tell()
    await register.court.close()

    assert len(box.mails) == 2
    body = email.message_from_bytes(box.mails[-1].read_bytes(), policy=email.policy.default)
    text = body.get_content()
    assert "Tête n° 10" in text
    assert not any(word in text for word in (room, "Mme", "arret", "maladie"))
    report, elsewhere = command.audited(
        command.Asked(replace(Config(), data_dir=tmp_path / "data"), heads=box.mails)
    )
    assert report.findings == []
    assert [suite.derniere.numero for suite in elsewhere.suites if suite.derniere] == [1, 10]


@pytest.mark.row("OP-02")
async def test_the_mail_goes_through_the_service_s_own_relay_and_is_read_again(
    tmp_path: Path, blank: Path
) -> None:
    data = tmp_path / "data"
    async with Relay() as relay:
        config = replace(
            Config(), data_dir=data, witness_mail=TO, mail_from="service@caisse.example",
            smtp_host="127.0.0.1", smtp_port=relay.port, smtp_tls="none",
        )  # fmt: skip
        ways = senders.build(config)
        register = await open_register(data, blank)
        database = register.court.database
        register.places._places = making.places_of(config, database, ways)
        await register.court.rooms("mc-1")
        await register.head()
        await register.court.close()
        for way in ways.values():
            await way.close()

    [stored] = relay.stored
    file = tmp_path / "recu.eml"
    file.write_bytes(stored.mail.as_bytes())
    report, elsewhere = command.audited(
        command.Asked(replace(Config(), data_dir=data), heads=[file])
    )
    assert (stored.to, report.findings) == ([TO], [])
    assert [suite.nom for suite in elsewhere.suites] == ["du courriel recu.eml"]
    # A mail that somebody retouched is none of ours.
    file.write_bytes(stored.mail.as_bytes().replace(b'"lignes":1', b'"lignes":2'))
    report, _ = command.audited(command.Asked(replace(Config(), data_dir=data), heads=[file]))
    assert "Courriel recu.eml : il ne porte pas de" in str(report.findings[0])


async def test_a_relay_that_is_away_is_tried_again_later_and_later(
    tmp_path: Path, blank: Path
) -> None:
    box = Mailbox(tmp_path, None, Verdict.LATER)
    place = MailPlace(box, TO, "https://controle.test", timedelta(hours=4))
    register = await open_register(tmp_path / "data", blank, place)
    clock = box.clock = register.court.clock
    await register.court.rooms("mc-1")
    await register.head()

    tried = []
    for _ in range(120):
        clock.pass_by(15)
        before = len(register.noted.refused)
        await register.places.tell()
        tried.append(len(register.noted.refused) - before)
    box.verdict = Verdict.ACCEPTED
    clock.pass_by(3_600)
    await register.places.tell()
    await register.court.close()

    pauses = [n for n, one in enumerate(tried) if one]
    assert 4 <= sum(tried) <= 8
    between = [after - before for before, after in pairwise(pauses)]
    assert between == sorted(between)
    assert len(box.mails) == 1


@pytest.mark.row("OP-02")
async def test_a_time_stamp_is_verified_kept_and_read_by_the_audit(
    tmp_path: Path, blank: Path, authority: Authority
) -> None:
    folder = tmp_path / "temoin"
    folder.mkdir()
    data = tmp_path / "data"
    register = await open_register(data, blank)
    asked = Asked(authority.url, roots_of(authority.roots), 15.0)
    place = StampPlace(register.court.database, asked, folder, timedelta(days=1))
    register.places._places = [place]
    (room,) = await register.court.rooms("mc-1", etat=Etat.EN_ATTENTE)

    for _ in range(3):
        await spoken(register, room)
    await register.court.close()

    assert authority.asked == 1
    (token,) = folder.iterdir()
    asking = command.Asked(replace(Config(), data_dir=data), heads=[folder], roots=authority.roots)
    report, _ = command.audited(asking)
    assert report.findings == []
    assert report.stamped is not None
    # The same token, as OpenSSL alone reads it: nothing of ours is needed.
    said = subprocess.run(
        ["openssl", "ts", "-reply", "-in", str(token), "-text"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "Status: Granted" in said.stdout


@pytest.mark.parametrize("mood", ["away", "page", "old"])
async def test_what_is_no_token_of_this_head_is_not_taken_for_one(
    tmp_path: Path, blank: Path, authority: Authority, mood: str
) -> None:
    folder = tmp_path / "temoin"
    folder.mkdir()
    register = await open_register(tmp_path / "data", blank)
    asked = Asked(authority.url, roots_of(authority.roots), 15.0)
    place = StampPlace(register.court.database, asked, folder, timedelta(hours=1))
    register.places._places = [place]
    (room,) = await register.court.rooms("mc-1", etat=Etat.EN_ATTENTE)
    await spoken(register, room)

    authority.mood = mood
    register.court.clock.pass_by(3_600)
    await spoken(register, room)
    await register.court.close()

    assert register.noted.refused == ["horodatage"]
    assert len(list(folder.iterdir())) == 1


async def test_a_token_of_another_authority_is_named(
    tmp_path: Path, blank: Path, authority: Authority
) -> None:
    stranger = await Authority.open(tmp_path / "autre")
    folder = tmp_path / "temoin"
    folder.mkdir()
    data = tmp_path / "data"
    register = await open_register(data, blank)
    asked = Asked(stranger.url, roots_of(stranger.roots), 15.0)
    register.places._places = [
        StampPlace(register.court.database, asked, folder, timedelta(days=1))
    ]
    await register.court.rooms("mc-1")
    await register.head()
    await register.court.close()
    await stranger.close()

    report, _ = command.audited(
        command.Asked(replace(Config(), data_dir=data), heads=[folder], roots=authority.roots)
    )

    assert [str(one) for one in report.findings] == [
        "Horodatage tete-1.tsr : il n'est pas d'une autorité reconnue"
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"witness_file": "/nulle/part/tetes.jsonl"},
        {"witness_mail": "quelqu'un@ailleurs.example"},
        {"witness_mail": "personne", "smtp_host": "127.0.0.1"},
        {"tsa_url": "ftp://ailleurs.example"},
        {"tsa_roots": "/nulle/part.pem", "tsa_url": "https://ailleurs.example"},
    ],
    ids=str,
)
def test_settings_that_could_not_work_stop_the_start(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        making.check(replace(Config(), **wrong))  # type: ignore[arg-type]

    assert str(refused.value).startswith(next(iter(wrong)))


@pytest.fixture
def kept(tmp_path: Path, blank: Path) -> Kept:
    return lived(tmp_path / "registre", blank)


@pytest.mark.row("OP-02")
def test_the_command_says_what_it_found_and_its_status_tells(
    kept: Kept, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = kept.copy(tmp_path / "copie").file
    asked = command.Asked(
        replace(Config(), data_dir=kept.data), database=store, heads=[kept.witness]
    )

    assert command.run(asked) == 0
    assert capsys.readouterr().out.startswith("Intact.")
    shutil.copy(kept.older, store)
    assert command.run(asked) == 1
    assert "Copie antérieure" in capsys.readouterr().out.splitlines()[0]
    store.write_bytes(b"autre chose")
    assert command.run(asked) == 2


@pytest.mark.row("OPS-06")
def test_a_backup_is_restored_and_the_audit_says_how_old_it_is(kept: Kept, tmp_path: Path) -> None:
    """The drill of docs/guides/preuve.md: the newest backup is intact, an older one is told."""
    newest = kept.copy(tmp_path / "reprise").file

    assert audit(kept, newest).findings == []
    first = str(audit(kept, kept.older).findings[0])
    assert first.startswith("Tête 3 du registre : elle manque. Copie antérieure")
