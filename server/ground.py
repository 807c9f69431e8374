"""What every part of the application stands on."""

from dataclasses import dataclass

from controle.convocation import Canal
from controle.telecontrole import Fenetre

from .clock import SystemClock
from .config import Config
from .evidence.herald import Herald
from .identity.links import Links
from .identity.secrets import Keeper
from .identity.sessions import SessionRules, Sessions
from .identity.vault import Vault
from .notify.codes import Codes
from .notify.drafts import Drafts
from .notify.endings import Endings
from .notify.postman import Postman
from .parts import Parts
from .pusher import Pusher
from .record import Recorder
from .store.sql import RegistreSql


@dataclass(frozen=True, slots=True)
class Ground:
    """What every part stands on."""

    config: Config
    clock: SystemClock
    registre: RegistreSql
    keeper: Keeper
    vault: Vault
    links: Links
    sessions: Sessions
    recorder: Recorder
    fenetre: Fenetre
    codes: Codes
    drafts: Drafts
    endings: Endings
    pusher: Pusher
    postman: Postman
    #: Channels that have no sender.
    silent: tuple[Canal, ...]


def lay(parts: Parts, herald: Herald) -> Ground:
    config, clock = parts.config, parts.clock
    keeper, vault = Keeper(config.secret), Vault(config.secret, parts.database.safe.vault.keys)
    registre, links = RegistreSql(parts.database), Links(keeper, vault)
    recorder = Recorder(clock, parts.rings.seals, herald.ended)
    drafts = Drafts(links, config.origin)
    endings = Endings(recorder, keep_codes=parts.keep_codes)
    console = SessionRules(config.console_idle, config.console_session)
    assure = SessionRules(config.assure_session, config.assure_session)
    return Ground(
        config=config,
        clock=clock,
        registre=registre,
        keeper=keeper,
        vault=vault,
        links=links,
        sessions=Sessions(
            keeper, {"assure": assure, "console": console, "agent": console, "tiers": assure}
        ),
        recorder=recorder,
        fenetre=fenetre_of(config),
        codes=Codes(config.origin, config.code_lifetime),
        drafts=drafts,
        endings=endings,
        pusher=Pusher(),
        postman=Postman(
            registre=registre,
            senders=parts.senders,
            drafts=drafts,
            endings=endings,
            clock=clock,
            config=config,
        ),
        silent=tuple(c for c in (Canal.COURRIEL, Canal.SMS) if c not in parts.senders),
    )


def fenetre_of(config: Config) -> Fenetre:
    return Fenetre(
        avant=config.open_before,
        apres=config.open_after,
        grace_absence=config.absence_grace,
        grace_reconnexion=config.reconnection_grace,
    )
