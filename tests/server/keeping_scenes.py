"""A caisse's office that has lived, the two stores beside it, and a purge under its clock."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from planning_people import Office
from sqlalchemy import update
from test_vault_rotation import posted

from controle.chaine import MotifSceau
from controle.etats import Etat
from controle.issue import Conclusion, Issue, Qualification
from controle.presence import GenreFait, Role
from server.apart.key_files import KeyFiles
from server.config import Config
from server.journal.lines import Access, operator
from server.journal.store import Journal
from server.keeping.making import purge_of
from server.keeping.purge import Stores
from server.keeping.reports import Reports
from server.notes.store import NotesStore
from server.store import schema as t
from server.store.sql import written

PAPER = b"%PDF-1.4 une attestation"
NOTE = "tendinopathie calcifiante zzq-canari"
FIRST = datetime(2027, 1, 14, 9, tzinfo=ZoneInfo("Europe/Paris"))
#: Settings that a test changes; the others are the defaults.
Settings = dict[str, Any]


@dataclass
class Keeping:
    """What a test purges with."""

    office: Office
    stores: Stores
    reports: Reports
    #: What each batch has told.
    told: list[tuple[str, int]]

    async def purge(self, **settings: Any) -> dict[str, Any]:
        """At the office's own hour; counts by kind, with the whole report under « rapport »."""
        report = await self._of(settings).run()
        return report["effaces"] | {"rapport": report}

    async def would(self, **settings: Any) -> dict[str, int]:
        found = await self._of(settings).would()
        return {str(kind): count for kind, count in found.items() if count}

    def _of(self, settings: Settings) -> Any:
        config: Config = replace(self.office.config, **settings)
        now = self.office.clock()
        return purge_of(
            config, self.stores, self.reports, now,
            lambda kind, count: self.told.append((str(kind), count)),
        )  # fmt: skip

    async def note(self, telecontrole: str, text: str = NOTE) -> None:
        async def nothing(_: int) -> None:
            """No journal of its own in a scene."""

        await self.stores.notes.save(
            telecontrole, text, "mc-1", self.office.clock(),
            revision=0, sealed=False, before=nothing,
        )  # fmt: skip

    async def read(self, telecontrole: str, kind: Access = Access.OPENED) -> None:
        """Somebody looks at it."""
        await self.stores.journal.write(operator(), kind, telecontrole)


@asynccontextmanager
async def keeping_of(office: Office) -> AsyncIterator[Keeping]:
    config, clock = office.config, office.clock
    notes = NotesStore(config.medical_database, KeyFiles(config.medical_keys), 10)
    journal = Journal(config.journal_database, KeyFiles(config.journal_keys), clock)
    reports = Reports(office.database, office.rings.seals, clock)
    try:
        yield Keeping(office, Stores(office.database, notes, journal), reports, [])
    finally:
        await notes.close()
        await journal.close()


async def planned(office: Office, count: int) -> list[str]:
    """So many people, from Thursday the 14th on, every half-hour; they were written to."""
    made = []
    for number in range(count):
        start = FIRST + timedelta(days=number // 8, minutes=30 * (number % 8))
        if start.weekday() > 4:
            start += timedelta(days=2)
        un = await office.plan(
            name=f"Zwijnaarde{number:02d}",
            doctor="mc-1",
            start=start.strftime("%Y-%m-%dT%H:%M"),
            reference=f"D-{number:02d}",
            mail=f"assure{number:02d}@exemple.fr",
            phone=f"06 39 98 01 {number:02d}",
            address=f"{number:02d} rue des Glycines",
        )
        made.append(un.id)
    await posted(office)
    return made


async def concluded(office: Office, identifier: str, state: Etat = Etat.CLOTURE) -> None:
    """An end and a signed outcome, now, which leaves it in this state."""
    signed = Issue(
        version=1,
        qualification=next(iter(Qualification)),
        conclusion=next(iter(Conclusion)),
        date_effet=None,
        categorie=None,
        sequelles=None,
        motif_correction=None,
        signataire="mc-1",
        instant=office.clock(),
    )
    fact = office.recorder.fact
    async with office.registre.transaction() as unite:
        await unite.inscrire(identifier, fact(GenreFait.FIN, Role.MEDECIN_CONSEIL))
        await unite.enregistrer_issue(identifier, signed)
        details = {"version": 1, "empreinte": signed.empreinte()}
        await unite.inscrire(
            identifier, fact(GenreFait.ISSUE_ENREGISTREE, Role.MEDECIN_CONSEIL, details=details)
        )
        await office.recorder.seal(unite, identifier, MotifSceau.ISSUE)
        await unite.connection.execute(
            update(t.telecontrole).where(t.telecontrole.c.id == identifier).values(etat=str(state))
        )


async def used(office: Office, identifier: str) -> None:
    """Somebody came in with a code: what that leaves beside the record."""
    now, soon = written(office.clock()), written(office.clock() + timedelta(hours=4))
    one = (await office.stored(identifier)).assure
    rows: Sequence[tuple[Any, dict[str, Any]]] = (
        (t.session, {
            "empreinte": f"h-{identifier}", "reference": identifier[:32], "genre": "assure",
            "sujet": one, "telecontrole": identifier, "vue": now, "expire": soon,
        }),
        (t.code_acces, {
            "telecontrole": identifier, "usage": "entree", "essais": 1, "envois": 1,
            "depuis": now, "expire": soon,
        }),
        (t.connexion, {
            "empreinte": f"c-{identifier}", "genre": "console", "sujet": "mc-1", "expire": soon,
            "unique": True,
        }),
        (t.essai_materiel, {
            "telecontrole": identifier, "couleur": "pret", "parties": "{}", "mesures": "{}",
            "navigateur": "firefox_mobile", "instant": now, "essais": 1,
        }),
        (t.tiers, {
            "id": f"t-{identifier[:30]}", "telecontrole": identifier, "qualite": "proche",
            "par": "agent", "empreinte": f"t-{identifier}", "code": "h", "cree": now,
            "information": "", "siege": "", "essais": 0, "essais_en_tout": 0,
        }),
        (t.jeton_utilise, {
            "jti": identifier, "expire": int(office.clock().timestamp()) + 300,
        }),
        (t.cle_api, {
            "id": f"k-{identifier[:30]}", "caisse": "rennes", "nom": "essai",
            "empreinte": f"k-{identifier}", "portees": "[]", "cree": now,
        }),
        (t.requete, {
            "cle_api": f"k-{identifier[:30]}", "cle": "n-1", "empreinte": "h", "statut": 201,
            "reponse": "", "instant": now,
        }),
    )  # fmt: skip
    async with office.database.write() as connection:
        for table, row in rows:
            await connection.execute(table.insert().values(row))


async def count(office: Office, table: Any, *where: Any) -> int:
    return len(await office.rows(table, *where))
