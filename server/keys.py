"""The typed keys under which an application holds what its handlers share."""

from aiohttp import web

from signaling.library import SocketServer
from signaling.namespace import ConsoleNamespace, RoomNamespace
from signaling.rooms import Rooms

from .assure.documents import Documents
from .assure.door import Door
from .assure.space import Space
from .assure.verification import Verification
from .caisse.inperson import InPerson
from .caisse.planning import Planning
from .clock import SystemClock
from .config import Config
from .identity.links import Links
from .identity.sessions import Sessions
from .identity.vault import Vault
from .ledger import Ledger
from .medecin.desk import Desk
from .medecin.medical import Medical
from .medecin.outcomes import Outcomes
from .meters import Meters
from .notify.postman import Postman
from .pusher import Pusher
from .rings import Rings
from .store.sql import RegistreSql
from .tickets import Tickets
from .witness import RoomWitness

CONFIG = web.AppKey("config", Config)
CLOCK = web.AppKey("clock", SystemClock)
DESK = web.AppKey("desk", Desk)
DOCUMENTS = web.AppKey("documents", Documents)
OUTCOMES = web.AppKey("outcomes", Outcomes)
DOOR = web.AppKey("door", Door)
LINKS = web.AppKey("links", Links)
MEDICAL = web.AppKey("medical", Medical)
METERS = web.AppKey("meters", Meters)
PUSHER = web.AppKey("pusher", Pusher)
REGISTRE = web.AppKey("registre", RegistreSql)
RINGS = web.AppKey("rings", Rings)
ROOMS = web.AppKey("rooms", Rooms)
SESSIONS = web.AppKey("sessions", Sessions)
SIO = web.AppKey("sio", SocketServer)
SPACE = web.AppKey("space", Space)
VERIFICATION = web.AppKey("verification", Verification)
ROOM_SOCKETS = web.AppKey("room_sockets", RoomNamespace)
CONSOLE_SOCKETS = web.AppKey("console_sockets", ConsoleNamespace)
IN_PERSON = web.AppKey("in_person", InPerson)
POSTMAN = web.AppKey("postman", Postman)
PLANNING = web.AppKey("planning", Planning)
VAULT = web.AppKey("vault", Vault)
LEDGER = web.AppKey("ledger", Ledger)
TICKETS = web.AppKey("tickets", Tickets)
WITNESS = web.AppKey("witness", RoomWitness)
