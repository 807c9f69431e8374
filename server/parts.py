"""What an application is made from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from controle.convocation import Canal

from .clock import SystemClock
from .config import Config
from .identity.secrets import new_code
from .notify.parcel import Sender
from .rings import Rings
from .store.database import Database
from .web.permissions import Line


@dataclass(frozen=True, slots=True)
class Parts:
    """What the command opens before the application and closes after it."""

    config: Config
    database: Database
    rings: Rings
    clock: SystemClock = field(default_factory=SystemClock)
    #: Draws the second factor's code of a télécontrôle (the demo prints its own beforehand).
    codes: Callable[[str], str] = lambda _: new_code()
    #: How each channel's messages leave; without one, what is due waits and is shown.
    senders: Mapping[Canal, Sender] = field(default_factory=dict)
    #: No other process of this service is alive: what was going on was interrupted.
    first: bool = True
    #: A login link lets in without a second factor, and may be a lasting one: the demo and tests.
    #: `serve` says False.
    link_alone: bool = True
    #: The demo alone goes on showing the codes that it has sent.
    keep_codes: bool = False
    #: More routes: the demo's outbox and login offer; `serve` has none.
    extra: web.RouteTableDef = field(default_factory=web.RouteTableDef)
    #: Who may ask them, where web/permissions.py does not say.
    lines: tuple[Line, ...] = ()
