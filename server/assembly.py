"""Who knows whom: every part of the application, made once, each given what it needs."""

from collections import OrderedDict
from datetime import datetime
from functools import partial

from aiohttp import web

from signaling.access import Tokens
from signaling.bus import Bus
from signaling.cluster import Cluster
from signaling.library import SocketServer
from signaling.limits import Limits
from signaling.namespace import ConsoleNamespace, RoomNamespace
from signaling.pace import Pace
from signaling.protocol import CONSOLE_TO_SERVER, EndReason
from signaling.rooms import Rooms

from . import keys
from .apart.key_files import KeyFiles
from .assure.documents import Documents
from .assure.door import Door
from .assure.obstacles import Obstacles
from .assure.space import Space
from .assure.verification import Verification
from .attestation.making import Attestations
from .attestation.press import Press
from .caisse.inperson import InPerson
from .caisse.office import AgentOffice
from .caisse.planning import Planning
from .caisse.slots import Slots
from .config import Config
from .equipment.making import try_out
from .evidence.making import herald as make_herald
from .ground import Ground, lay
from .identity import making
from .identity.guesses import Guesses
from .identity.second_factor import CodeRules, SecondFactor
from .identity.secrets import new_code
from .journal.store import Journal
from .ledger import Ledger
from .medecin.desk import Desk
from .medecin.entries import Entries
from .medecin.medical import Medical
from .medecin.notes import Notes
from .medecin.outcomes import Outcomes
from .medecin.transfer import Transfers
from .meters import Meters
from .neighbours import Neighbours
from .notes.store import NotesStore
from .notify.receive import Receipts
from .parts import Parts
from .pushes import Pushes
from .readiness import Readiness
from .thirds.door import ThirdDoor
from .thirds.inviting import Inviting
from .tickets import Tickets
from .web.agent import OFFICE
from .web.hooks import RECEIPTS
from .web.journaled import SEEN
from .web.operations import CAISSE_API, CaisseApi
from .web.professionals import ARRIVALS, Arrivals
from .web.proxies import behind
from .web.service import READINESS
from .witness import RoomWitness


def assemble(app: web.Application, parts: Parts, meters: Meters) -> None:
    """The whole application: the ground, who plans and writes, who meets."""
    herald = make_herald(
        parts.config, parts.database, parts.rings.seals, parts.clock, parts.senders, meters
    )
    app[keys.HERALD] = herald
    ground = lay(parts, herald)
    rooms = meet(app, parts, ground, meters)
    convene(app, ground, rooms)
    attest(app, parts, ground)
    try_out(app, parts, ground, code_rules(ground.config))
    readiness = Readiness(
        config=ground.config,
        clock=ground.clock,
        registre=ground.registre,
        postman=ground.postman,
    )
    app[keys.GUESSES] = Guesses(ground.config.wrong_links_per_minute)
    let_in(app, parts, ground)
    for key, value in (
        (keys.CONFIG, ground.config), (keys.CLOCK, ground.clock), (keys.LINKS, ground.links),
        (keys.METERS, meters), (keys.PUSHER, ground.pusher), (keys.POSTMAN, ground.postman),
        (keys.REGISTRE, ground.registre), (keys.RINGS, parts.rings),
        (keys.SESSIONS, ground.sessions), (keys.VAULT, ground.vault), (READINESS, readiness),
    ):  # fmt: skip
        app[key] = value  # type: ignore[misc]


def let_in(app: web.Application, parts: Parts, ground: Ground) -> None:
    """How médecins-conseils and agents log in."""
    config = ground.config
    app[ARRIVALS] = Arrivals(config.logins_per_minute)
    app[keys.LOCAL_LOGIN] = making.local_login(
        config, ground.links, ground.vault, link_alone=parts.link_alone
    )
    if config.professionals == "oidc":
        app[keys.PROVIDER] = making.provider_login(
            config,
            registre=ground.registre,
            sessions=ground.sessions,
            keeper=ground.keeper,
            vault=ground.vault,
            clock=ground.clock,
        )


# --- who plans, writes and receives in person ---------------------------------------------------


def convene(app: web.Application, ground: Ground, rooms: Rooms) -> None:
    """Before the call, and instead of it: agents, messages, the assuré's space, the caisse's own
    system."""
    config, clock, registre = ground.config, ground.clock, ground.registre
    pusher, nudge = ground.pusher, ground.postman.nudge
    planning = app[keys.PLANNING]
    documents = Documents(config.document_bytes)
    verification = Verification(
        config=config,
        clock=clock,
        registre=registre,
        keeper=ground.keeper,
        second_factor=SecondFactor(
            ground.keeper, code_rules(config), lambda _: new_code(), "verification"
        ),
        codes=ground.codes,
        fenetre=ground.fenetre,
        nudge=nudge,
    )
    space = Space(
        config=config,
        clock=clock,
        registre=registre,
        links=ground.links,
        recorder=ground.recorder,
        documents=documents,
        fenetre=ground.fenetre,
        changed=pusher.entry_changed,
    )
    in_person = InPerson(clock=clock, recorder=ground.recorder, slots=Slots(config, clock))
    caisse_api = CaisseApi(
        keeper=ground.keeper,
        clock=clock,
        registre=registre,
        planning=planning,
        per_minute=config.api_per_minute,
    )
    app[keys.NOTES] = behind_the_wall(app, ground)
    medical = Medical(
        clock=clock,
        registre=registre,
        recorder=ground.recorder,
        desk=app[keys.DESK],
        planning=planning,
        booking=in_person,
        documents=documents,
        changed=pusher.entry_changed,
    )
    office = AgentOffice(
        clock=clock,
        registre=registre,
        planning=planning,
        in_person=in_person,
        recorder=ground.recorder,
        drafts=ground.drafts,
        changed=pusher.entry_changed,
        fenetre=ground.fenetre,
        silent=ground.silent,
    )
    receipts = Receipts(registre, ground.endings, pusher.entry_changed)
    for key, value in (
        (keys.DOCUMENTS, documents), (keys.MEDICAL, medical), (keys.SPACE, space),
        (keys.VERIFICATION, verification), (keys.IN_PERSON, in_person),
        (CAISSE_API, caisse_api), (RECEIPTS, receipts),
        (OFFICE, office),
    ):  # fmt: skip
        app[key] = value  # type: ignore[misc]


def attest(app: web.Application, parts: Parts, ground: Ground) -> None:
    """What the assuré may prove by us; its second factor is apart from the door's."""
    config = ground.config
    app[keys.ATTESTATIONS] = Attestations(
        config=config,
        clock=ground.clock,
        registre=ground.registre,
        links=ground.links,
        second_factor=SecondFactor(
            ground.keeper, code_rules(config), lambda _: new_code(), "attestation"
        ),
        sessions=ground.sessions,
        codes=ground.codes,
        recorder=ground.recorder,
        seals=parts.rings.seals,
        fenetre=ground.fenetre,
        nudge=ground.postman.nudge,
    )
    app[keys.OBSTACLES] = Obstacles(config, ground.registre, ground.recorder)
    app[keys.PRESS] = Press(config.pdf_at_once, config.pdf_waiting, config.pdf_timeout)


def behind_the_wall(app: web.Application, ground: Ground) -> Notes:
    """The notes of the service médical, and the journal of who read what."""
    config, clock = ground.config, ground.clock
    journal = Journal(config.journal_database, KeyFiles(config.journal_keys), clock)
    store = NotesStore(config.medical_database, KeyFiles(config.medical_keys), config.note_versions)
    app[keys.JOURNAL], app[keys.NOTES_STORE], app[SEEN] = journal, store, OrderedDict()
    return Notes(
        clock=clock,
        registre=ground.registre,
        store=store,
        journal=journal,
        characters=config.note_characters,
    )


def planner(ground: Ground, rooms: Rooms) -> Planning:
    """Who plans is asked by agents, by the caisse's system, and by an outcome."""
    return Planning(
        config=ground.config,
        clock=ground.clock,
        registre=ground.registre,
        links=ground.links,
        recorder=ground.recorder,
        changed=ground.pusher.entry_changed,
        nudge=ground.postman.nudge,
        close=partial(close_by_service, rooms),
        released=lambda _, doctor: ground.pusher.day_changed(doctor),
    )


async def close_by_service(rooms: Rooms, room: str, reason: EndReason, at: datetime) -> None:
    """What closed it is on record already."""
    await rooms.close(room, "service", reason, at)


# --- who meets ----------------------------------------------------------------------------------


def meet(app: web.Application, parts: Parts, ground: Ground, meters: Meters) -> Rooms:
    """The door, the rooms, the médecin-conseil's desk, and their sockets."""
    config, clock, registre = ground.config, ground.clock, ground.registre
    recorder, pusher, fenetre = ground.recorder, ground.pusher, ground.fenetre
    tokens = Tokens(parts.rings.tokens, config.origin, config.token_lifetime)
    tickets = Tickets(config, clock, tokens)

    def online(doctor: str) -> bool:
        """The consoles' namespace is made further down."""
        here = app[keys.CONSOLE_SOCKETS].online(doctor)
        return here or (isinstance(rooms, Cluster) and rooms.online(doctor))

    ledger = Ledger(parts.database, watch=meters)
    witness = RoomWitness(
        registre=registre,
        ledger=ledger,
        recorder=recorder,
        clock=clock,
        fenetre=fenetre,
        online=online,
        listeners=pusher,
        apart=config.kept_apart,
    )
    rooms = carried(parts, witness, meters)
    entries = Entries(fenetre, clock, rooms.get)
    desk = Desk(
        config=config,
        clock=clock,
        registre=registre,
        ledger=ledger,
        tickets=tickets,
        recorder=recorder,
        rooms=rooms,
        entries=entries,
        changed=pusher.entry_changed,
        doctor_changed=pusher.doctor_changed,
    )
    planning = planner(ground, rooms)
    outcomes = Outcomes(
        planning=planning,
        clock=clock,
        registre=registre,
        recorder=recorder,
        rooms=rooms,
        entries=entries,
        fenetre=fenetre,
        changed=pusher.entry_changed,
    )
    app[keys.TRANSFERS] = Transfers(
        clock=clock,
        registre=registre,
        recorder=recorder,
        planning=planning,
        rooms=rooms,
        online=online,
        reception=witness.reception,
    )
    door = Door(
        config=config,
        clock=clock,
        registre=registre,
        links=ground.links,
        second_factor=SecondFactor(ground.keeper, code_rules(config), parts.codes),
        sessions=ground.sessions,
        tickets=tickets,
        recorder=recorder,
        rooms=rooms,
        fenetre=fenetre,
        changed=pusher.entry_changed,
        codes=ground.codes,
        nudge=ground.postman.nudge,
    )
    app[keys.THIRD_DOOR] = ThirdDoor(
        config=config,
        clock=clock,
        registre=registre,
        keeper=ground.keeper,
        sessions=ground.sessions,
        tickets=tickets,
        recorder=recorder,
        fenetre=fenetre,
    )
    app[keys.INVITING] = Inviting(
        config=config,
        clock=clock,
        registre=registre,
        keeper=ground.keeper,
        recorder=recorder,
        rooms=rooms,
        fenetre=fenetre,
        changed=pusher.entry_changed,
    )
    room_sockets = RoomNamespace(tokens, rooms, meters.tally)
    console_sockets = ConsoleNamespace(tokens, desk, meters.tally)
    pushes = Pushes(clock, registre, witness, rooms, desk, console_sockets, meters)
    pusher.handlers = pushes.handlers
    desk.push_day = pusher.day_now
    sio = socket_server(config)
    sio.register_namespace(room_sockets)
    sio.register_namespace(console_sockets)
    sio.attach(app)
    if isinstance(rooms, Cluster):
        rooms.server = Neighbours(
            cluster=rooms,
            registre=registre,
            recorder=recorder,
            pusher=pusher,
            sockets=(room_sockets, console_sockets),
        )
        desk.console_here = rooms.console
    for key, value in (
        (keys.DESK, desk), (keys.DOOR, door), (keys.OUTCOMES, outcomes), (keys.ROOMS, rooms),
        (keys.PLANNING, planning), (keys.SIO, sio), (keys.ROOM_SOCKETS, room_sockets),
        (keys.CONSOLE_SOCKETS, console_sockets), (keys.WITNESS, witness),
        (keys.TICKETS, tickets),
        (keys.LEDGER, ledger),
    ):  # fmt: skip
        app[key] = value  # type: ignore[misc]
    return rooms


def carried(parts: Parts, witness: RoomWitness, meters: Meters) -> Rooms:
    """All rooms, or this worker's share of them and the way to the others."""
    config = parts.config
    grace = config.reconnection_grace
    pace = Pace(config.said_per_second, config.said_burst)
    if config.workers == 1:
        return Rooms(witness, parts.clock, grace, meters.tally, pace)
    bus = Bus(config.redis_url, config.origin, config.secret)
    return Cluster(witness, parts.clock, grace, meters.tally, pace, bus=bus, first=parts.first)


def code_rules(config: Config) -> CodeRules:
    return CodeRules(
        lifetime=config.code_lifetime,
        tries=config.code_tries,
        tries_in_all=config.code_tries_in_all,
        lock=config.code_lock,
        resend=config.code_resend,
        sends=config.codes_per_network,
        sends_in_all=config.codes_per_link,
    )


def socket_server(config: Config) -> SocketServer:
    limits = Limits(
        connect_deadline=config.connect_deadline_seconds,
        pending_per_address=config.pending_sockets_per_address,
        sockets=config.sockets,
        rate=config.messages_per_second,
        burst=config.messages_burst,
        buffer_bytes=config.socket_buffer_bytes,
    )
    return SocketServer(
        limits=limits,
        events={"/console": CONSOLE_TO_SERVER.keys()},
        origins=list(config.origins),
        address_of=behind(config.proxies),
    )
