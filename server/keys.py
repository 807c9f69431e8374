"""The typed keys of what handlers share (an application's), and of who asks (a request's)."""

from aiohttp import web

from signaling.library import SocketServer
from signaling.namespace import ConsoleNamespace, RoomNamespace
from signaling.rooms import Rooms

from .assure.documents import Documents
from .assure.door import Door
from .assure.obstacles import Obstacles
from .assure.space import Space
from .assure.verification import Verification
from .attestation.making import Attestations
from .attestation.press import Press
from .caisse.inperson import InPerson
from .caisse.planning import Planning
from .clock import SystemClock
from .config import Config
from .equipment.access import Equipment
from .equipment.echoes import Echoes
from .evidence.herald import Herald
from .identity.api_keys import ApiKey
from .identity.guesses import Guesses
from .identity.links import Links
from .identity.local_login import LocalLogin
from .identity.oidc_login import OidcLogin
from .identity.sessions import Session, Sessions
from .identity.vault import Vault
from .journal.store import Journal
from .ledger import Ledger
from .medecin.desk import Desk
from .medecin.medical import Medical
from .medecin.notes import Notes
from .medecin.outcomes import Outcomes
from .medecin.transfer import Transfers
from .meters import Meters
from .notes.store import NotesStore
from .notify.postman import Postman
from .pusher import Pusher
from .rings import Rings
from .store.people import Agent
from .store.sql import RegistreSql
from .thirds.door import ThirdDoor
from .thirds.inviting import Inviting
from .tickets import Tickets
from .witness import RoomWitness

ATTESTATIONS = web.AppKey("attestations", Attestations)
CONFIG = web.AppKey("config", Config)
OBSTACLES = web.AppKey("obstacles", Obstacles)
PRESS = web.AppKey("press", Press)
CLOCK = web.AppKey("clock", SystemClock)
DESK = web.AppKey("desk", Desk)
DOCUMENTS = web.AppKey("documents", Documents)
EQUIPMENT = web.AppKey("equipment", Equipment)
ECHOES = web.AppKey("echoes", Echoes)
OUTCOMES = web.AppKey("outcomes", Outcomes)
TRANSFERS = web.AppKey("transfers", Transfers)
DOOR = web.AppKey("door", Door)
LINKS = web.AppKey("links", Links)
MEDICAL = web.AppKey("medical", Medical)
#: Behind the second wall; and who read what.
NOTES = web.AppKey("notes", Notes)
NOTES_STORE = web.AppKey("notes_store", NotesStore)
JOURNAL = web.AppKey("journal", Journal)
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
HERALD = web.AppKey("herald", Herald)
LEDGER = web.AppKey("ledger", Ledger)
INVITING = web.AppKey("inviting", Inviting)
THIRD_DOOR = web.AppKey("third_door", ThirdDoor)
TICKETS = web.AppKey("tickets", Tickets)
WITNESS = web.AppKey("witness", RoomWitness)
GUESSES = web.AppKey("guesses", Guesses)
#: Login links; and the identity provider, which is not there where links let in.
LOCAL_LOGIN = web.AppKey("local_login", LocalLogin)
PROVIDER = web.AppKey("provider", OidcLogin)

#: Who asks, found by web/gates.py before the handler runs.
SESSION = web.RequestKey("session", Session)
AGENT = web.RequestKey("agent", Agent)
API_KEY = web.RequestKey("api_key", ApiKey)
