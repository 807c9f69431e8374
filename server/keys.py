"""The typed keys under which an application holds what its handlers share."""

from aiohttp import web

from signaling.namespace import ConsoleNamespace, RoomNamespace
from signaling.rooms import Rooms
from signaling.transport import GuardedServer

from .clock import SystemClock
from .config import Config
from .desk import Desk
from .door import Door
from .identity.links import Links
from .identity.sessions import Sessions
from .meters import Meters
from .outcomes import Outcomes
from .pusher import Pusher
from .rings import Rings
from .store.sql import RegistreSql
from .witness import RoomWitness

CONFIG = web.AppKey("config", Config)
CLOCK = web.AppKey("clock", SystemClock)
DESK = web.AppKey("desk", Desk)
OUTCOMES = web.AppKey("outcomes", Outcomes)
DOOR = web.AppKey("door", Door)
LINKS = web.AppKey("links", Links)
METERS = web.AppKey("meters", Meters)
PUSHER = web.AppKey("pusher", Pusher)
REGISTRE = web.AppKey("registre", RegistreSql)
RINGS = web.AppKey("rings", Rings)
ROOMS = web.AppKey("rooms", Rooms)
SESSIONS = web.AppKey("sessions", Sessions)
SIO = web.AppKey("sio", GuardedServer)
ROOM_SOCKETS = web.AppKey("room_sockets", RoomNamespace)
CONSOLE_SOCKETS = web.AppKey("console_sockets", ConsoleNamespace)
WITNESS = web.AppKey("witness", RoomWitness)
