"""Facts get their date here, seals their signature, and a record its form for the outside."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from certs.signing_keys import KeyRing
from controle.chaine import MotifSceau, Sceau, Tete, genese
from controle.presence import Detail, Fait, GenreFait, Role, Source
from controle.verification import FORMAT, verifier

from .clock import SystemClock
from .medecin.entries import phase_of
from .store.facts import milestones
from .store.sql import UniteSql

#: Seals that say that something is over.
OVER = (MotifSceau.FIN, MotifSceau.ISSUE)


class Recorder:
    """`seals`: the keys that sign; their public halves stay published for good. `ended` is told,
    before the commit, that an end or an outcome is being sealed (server/evidence/herald.py)."""

    def __init__(
        self, clock: SystemClock, seals: KeyRing, ended: Callable[[], None] = lambda: None
    ) -> None:
        self._clock = clock
        self._seals = seals
        self._ended = ended

    def fact(
        self,
        kind: GenreFait,
        role: str | None = None,
        *,
        details: Mapping[str, Detail] | None = None,
        claim: bool = False,
    ) -> Fait:
        """Now, as it happened; `claim`: it is one side's word only."""
        moment = self._clock.moment()
        return Fait(
            genre=kind,
            instant=moment.wall,
            monotone=moment.monotonic,
            execution=moment.boot,
            role=role,
            source=Source.DECLARATION if claim else Source.SERVEUR,
            details=details or {},
        )

    async def sealed(self, unite: UniteSql, telecontrole: str, why: MotifSceau) -> Sceau:
        """A seal of the chain as it is now (an empty one too), not stored yet."""
        return self.seal_of(telecontrole, await unite.tete(telecontrole), why)

    def seal_of(self, telecontrole: str, tete: Tete | None, why: MotifSceau) -> Sceau:
        """A seal of the chain that ends there."""
        length, head = tete or (0, genese(telecontrole))
        unsigned = Sceau(telecontrole, length, head, self._clock(), str(why), "", "")
        self._seals.refresh()
        kid, signature = self._seals.sign(unsigned.octets())
        if why in OVER:
            self._ended()
        return replace(unsigned, cle=kid, signature=signature)

    async def seal(self, unite: UniteSql, telecontrole: str, why: MotifSceau) -> None:
        """Sign the chain's head and keep the seal."""
        await unite.sceller(await self.sealed(unite, telecontrole, why))

    async def end(self, unite: UniteSql, telecontrole: str, by: Role, reason: str) -> Fait | None:
        """The end, signed, where somebody came and nothing says yet that it is over.

        Without it a presence would go on for ever on the record.
        """
        if not (await milestones(unite.connection, telecontrole)).to_be_closed:
            return None
        fact = self.fact(GenreFait.FIN, by, details={"by": str(by), "reason": reason})
        await unite.inscrire(telecontrole, fact)
        await self.seal(unite, telecontrole, MotifSceau.FIN)
        return fact

    async def export(self, unite: UniteSql, telecontrole: str) -> dict[str, object]:
        """The record of one télécontrôle, sealed at its head; stores nothing.

        What no longer agrees with its own seals is exported as it is and not sealed again:
        `telecontrole verify` then names the line. No name, address or medical word is in it.
        """
        seals = await unite.sceaux(telecontrole)
        record: dict[str, object] = {
            "format": FORMAT,
            "telecontrole": telecontrole,
            "lignes": await unite.contenus(telecontrole),
            "sceaux": [sceau.en_dict() for sceau in seals],
            "cles": self._seals.jwks(),
        }
        ended = phase_of((await unite.telecontrole(telecontrole)).etat) == "ended"
        if ended and not seals and record["lignes"]:
            return record
        head = await self.sealed(unite, telecontrole, MotifSceau.EXPORT)
        sealed = record | {"sceaux": [sceau.en_dict() for sceau in (*seals, head)]}
        return sealed if self.intact(sealed) else record

    def intact(self, record: Mapping[str, object]) -> bool:
        """Whether an exported record verifies against our own keys."""
        return verifier(record, self._seals.verify).valide
