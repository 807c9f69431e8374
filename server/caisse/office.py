"""What an agent's console needs, made once from what the application already has."""

from collections.abc import Callable, Collection

from controle.convocation import Canal
from controle.telecontrole import Fenetre
from server.clock import SystemClock
from server.notify.drafts import Drafts
from server.record import Recorder
from server.store.sql import RegistreSql

from .agent_reads import AgentReads
from .agents import Agents
from .imports import Imports
from .inperson import InPerson
from .planning import Planning


class AgentOffice:
    """Acts, reads and imports; `silent`: the channels that have no provider."""

    def __init__(
        self,
        *,
        clock: SystemClock,
        registre: RegistreSql,
        planning: Planning,
        in_person: InPerson,
        recorder: Recorder,
        drafts: Drafts,
        changed: Callable[[str], None],
        fenetre: Fenetre,
        silent: Collection[Canal] = (),
    ) -> None:
        self.acts = Agents(
            clock=clock,
            registre=registre,
            planning=planning,
            in_person=in_person,
            recorder=recorder,
            drafts=drafts,
            changed=changed,
        )
        self.reads = AgentReads(
            clock=clock,
            registre=registre,
            planning=planning,
            drafts=drafts,
            fenetre=fenetre,
            silent=silent,
        )
        self.imports = Imports(registre=registre, planning=planning)
