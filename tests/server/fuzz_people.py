"""Who sends the cases of test_fuzz_routes.py: real sessions, real links, and likely words."""

import hashlib
import hmac
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import msgspec
from doctor_scenes import justified, note, site
from permission_cast import HOOKS_SECRET, LOAD_KEY, MONITORING, SETTINGS
from requests import PreparedRequest
from requests.auth import AuthBase
from server_people import Appointment, Service
from sqlalchemy import insert
from third_scenes import came, invite

from controle.presence import GenreFait
from server.notify import receipts
from server.store import schema as t
from server.web.messages import Failure
from server.web.permissions import TABLE, Line
from server.web.service_openapi import TOLD_ELSEWHERE

#: Ceilings of guesses and codes are other tests': here they would hide what lies behind them.
FUZZED: Mapping[str, Any] = SETTINGS | {
    "wrong_links_per_minute": 1_000_000,
    "verifications_per_minute": 1_000_000,
    "codes_per_network": 1_000_000,
    "codes_per_link": 1_000_000,
}
LINES = [line for line in TABLE if line.asker not in TOLD_ELSEWHERE]
#: The sessions that a person may have, and none.
PERSONS = ("nobody", "assure", "medecin_conseil", "agent")


@dataclass
class Proof(AuthBase):
    """Put on the request as it leaves, whatever was made up for its place."""

    headers: Mapping[str, str] = field(default_factory=dict)
    #: The body's signature, by the clock of the service.
    signs_for: Service | None = None

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers.pop("Cookie", None)
        request.headers.update(self.headers)
        if self.signs_for is not None:
            stamp = str(int(self.signs_for.clock().timestamp()))
            body = request.body or b""
            raw = body.encode() if isinstance(body, str) else bytes(body)
            signed = hmac.new(HOOKS_SECRET.encode(), f"{stamp}.".encode() + raw, hashlib.sha256)
            request.headers.update(
                {"X-Timestamp": stamp, "X-Signature": f"sha256={signed.hexdigest()}"}
            )
        return request


@dataclass
class Scene:
    """A service with something at every stage, and who may ask for it."""

    service: Service
    appointments: list[Appointment]
    justification: str
    proofs: dict[str, Proof]
    #: Field of a body or of a path, and words that lead further than made up ones.
    likely: Mapping[str, tuple[str, ...]]
    random: Random = field(default_factory=lambda: Random(5))  # noqa: S311 (cases, no secrets)

    def proof(self, asker: str) -> Proof:
        return self.proofs.get(asker, self.proofs["nobody"])

    def lead_on(self, values: Any) -> None:
        """Three made up texts of four become likely ones; the last stays what it was."""
        if not isinstance(values, dict):
            return
        for name, value in values.items():
            if isinstance(value, str) and name in self.likely and self.random.random() < 0.75:
                values[name] = self.random.choice(self.likely[name])

    def path_of(self, line: Line) -> str:
        """Where what is there, and is theirs, is asked for."""
        known = {
            "id": self.appointments[0].id, "medecin": "mc-1", "audience": "console",
            "genre": "deplacer", "justification": self.justification,
        }  # fmt: skip
        if line.asker == "receipt_token":
            known["token"] = self.token_of(line.path)
        return re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], "1"), line.path)

    def token_of(self, path: str) -> str:
        return receipts.token(path.split("/")[3], HOOKS_SECRET)


async def scene_of(service: Service) -> Scene:
    appointments = [await service.appoint(minutes) for minutes in (0, 1, 2, 3, -20, 5_000, 90)]
    first = appointments[0]
    await site(service)
    justification = await justified(service, appointments[5], None)
    await note(service, appointments[4], GenreFait.IDENTITE_CONTROLEE)
    assure, doctor, agent = (
        await service.assure(first),
        await service.doctor(),
        await service.agent(),
    )
    third = await came(service, await invite(doctor, first))
    async with service.registre.transaction() as unite:
        task = {
            "caisse": "caisse-1",
            "telecontrole": first.id,
            "genre": "deplacer",
            "cree": "2026-11-01T00:00:00+00:00",
        }
        await unite.connection.execute(insert(t.tache).values(task))
    proofs = {
        "nobody": Proof(),
        "assure": Proof({"Cookie": pairs(assure.cookies)}),
        "medecin_conseil": Proof({"Cookie": pairs(doctor.cookies)}),
        "agent": Proof({"Cookie": pairs(agent.cookies)}),
        "tiers": Proof({"Cookie": pairs(third.cookies)}),
        "signed_receipt": Proof(signs_for=service),
        "metrics_network": Proof({"X-Forwarded-For": MONITORING}),
        "load_test": Proof({"Authorization": f"Bearer {LOAD_KEY}"}),
    }
    return Scene(service, appointments, justification, proofs, words(service, appointments))


def pairs(cookies: Mapping[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def words(service: Service, appointments: list[Appointment]) -> dict[str, tuple[str, ...]]:
    year = service.clock().year + 1
    return {
        "id": tuple(one.id for one in appointments),
        "link": tuple(one.link for one in appointments),
        "code": (service.code, "000000"),
        "doctor": ("mc-1", "mc-2"),
        "medecin": ("mc-1", "mc-2"),
        "site": ("site-1",),
        "start": (f"{year}-03-03T10:00", f"{year}-03-03T10:30"),
        "end": (f"{year}-03-04T10:30",),
        "civility": ("M.", "Mme"),
        "context": ("arret_de_travail",),
        "phone": ("06 39 98 01 99", "+33639980198"),
        "mail": ("a@exemple.fr",),
        "language": ("fr", "ar"),
        "version": ("2026-11", "1"),
        "qualification": ("present", "non_connecte", "absence_injustifiee", "refus"),
        "conclusion": ("arret_justifie", "reprise_a_date", "a_convoquer_en_presentiel"),
        "genre": ("deplacer", "appeler"),
        "run": ("abcdefgh",),
        "reason": ("sante", "transport"),
    }


# --- what came back -------------------------------------------------------------------------------


def fault_of(line: Line, answer: Any, documented: set[int]) -> str:
    """What is wrong with an answer; empty: nothing."""
    if answer.status_code not in documented:
        return f"undocumented: {answer.text[:200]}"
    if answer.status_code < 400 or not line.path.startswith("/api/"):
        return ""
    try:
        problem = msgspec.json.decode(answer.content, type=Failure).error
    except msgspec.MsgspecError:
        return f"not our shape: {answer.text[:200]}"
    return "" if problem.code and problem.message else "says nothing"


def failures_in(stream: io.StringIO) -> list[str]:
    """Lines of the log that tell of a bug."""
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [
        one["event"] for one in lines if "exception" in one or one["level"] in ("error", "critical")
    ]
