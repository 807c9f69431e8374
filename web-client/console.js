// The médecin-conseil's console: one state (the day, the rooms, the detail), one render per region.

import { ApiError, announce, byId, formatDate, formatTime, post } from "./page.js";
import { AbsenceView } from "./console-absence.js";
import { Arrivals } from "./console-arrivals.js";
import { stayAwake } from "./console-awake.js";
import { CallView, announceDevice } from "./console-call.js";
import { Camera, REMEDIES } from "./console-camera.js";
import { WaitingWords } from "./chat-waiting.js";
import { ChecksView } from "./console-checks.js";
import { GesturesView } from "./console-gestures.js";
import { DayView, TONES, otherDay, renderIdle, renderTags } from "./console-day.js";
import { Details } from "./console-details.js";
import { renderEquipment } from "./equipment-shown.js";
import { InPersonView } from "./console-inperson.js";
import { JustificationsView } from "./console-justifications.js";
import { listenToKeys } from "./console-keys.js";
import { closeSession, openSession, session, showLogin } from "./console-login.js";
import { NotesView } from "./console-notes.js";
import { OutcomeView } from "./console-outcome.js";
import { PeopleView } from "./console-people.js";
import { renderFacts, renderPresence } from "./console-presence.js";
import { Rooms } from "./console-rooms.js";
import { DaySocket } from "./console-socket.js";
import { Bell } from "./console-sound.js";
import { TransferView } from "./console-transfer.js";
import * as rules from "./console-state.js";
import { toggleHold } from "./hold.js";

/** @typedef {import('./protocol').Entry} Entry */
/** @typedef {import('./api').ConsoleSession} ConsoleSession */

performance.mark("tc:script");

const TICK_MS = 15_000;
const SELECTED = "console-selection";
/** A note is worth more than a login page: it is kept here until it is kept there. */
const UNSAVED = {
  code: "note",
  message: "Une note n'est pas enregistrée. Enregistrez-la, ou annulez-la, avant de partir.",
};
const UNSAVED_SIGNED_OUT = {
  code: "note",
  message:
    "Votre session est fermée et une note n'est pas enregistrée. Reconnectez-vous dans un autre onglet, puis réessayez depuis la note.",
};
/** Nobody is thrown out of a call by a clock: the room asks for no session once one is in it. */
const TALKING_SIGNED_OUT = {
  code: "session",
  message: "Votre session est fermée. L'entretien continue ; vous devrez vous reconnecter ensuite.",
};

/** @param {ConsoleSession} opened */
function start(opened) {
  byId("login").hidden = true;
  byId("console").hidden = false;
  byId("doctor").textContent = opened.doctor.name;
  byId("doctor").title = opened.doctor.function;
  byId("caisse").textContent = opened.doctor.caisse;

  let firstToken = opened.token;
  const socket = new DaySocket(async () => {
    const token = firstToken || (await session().catch(expired)).token;
    firstToken = "";
    return token;
  });
  const rooms = new Rooms(
    (id) => post(`/api/console/telecontroles/${id}/salle`, {}),
    () => socket.now(),
  );
  const camera = new Camera();
  const bell = new Bell({ quiet: () => Boolean(current()), elsewhere: () => rooms.replaced });
  const arrivals = new Arrivals(bell);
  const awake = stayAwake({
    needed: () => Boolean(current()) || rooms.all().length > 0,
    back: () => {
      if (!socket.linked) socket.reconnect();
      follow();
    },
  });

  /** What the page asks by itself says this once, and nothing else. @param {unknown} error */
  const unasked = (error) => {
    if (error instanceof ApiError && error.status === 401 && !over) void expired();
  };
  const details = new Details(unasked, () => socket.now());
  /** The session is over, and what was in course is not. */
  let over = false;
  let selected = sessionStorage.getItem(SELECTED) ?? "";
  let shownCall = "";
  /** Whom this page admitted itself: the focus goes with them. */
  let admitted = "";

  // --- what is done ---------------------------------------------------------------------------

  /** @param {unknown} error */
  function fail(error) {
    if (error instanceof ApiError && error.status === 401) return void expired();
    // What the service refuses comes with a code and a sentence; the rest has no words of its own.
    const { code, message } = /** @type {{ code?: string, message?: string }} */ (error ?? {});
    byId("action-problem").textContent = (code && message) || "L'action n'a pas abouti. Réessayez.";
    byId("banner-action").hidden = false;
  }

  const talking = () => rooms.get(current()?.id)?.state?.phase === "admitted";

  /** The session is over: back to the login, nothing kept; after the call and the note, if there is
   * one in course. @returns {Promise<never>} */
  async function expired() {
    over = true;
    if (notes.book.unsaved) fail(UNSAVED_SIGNED_OUT);
    else if (talking()) fail(TALKING_SIGNED_OUT);
    else location.reload();
    return new Promise(() => {});
  }

  /** What the login had to wait for may be done. */
  function leave() {
    if (over && !talking() && !notes.book.unsaved) location.reload();
  }

  /** @param {string} id */
  function select(id) {
    selected = id;
    sessionStorage.setItem(SELECTED, id);
    render();
  }

  /** @param {string} id */
  async function admit(id) {
    byId("banner-action").hidden = true;
    select(id);
    admitted = id;
    await rooms.admit(id).catch(fail);
  }

  /** @param {'sendBack' | 'end'} what */
  async function command(what) {
    const room = rooms.get(current()?.id);
    if (!room) return fail(null);
    byId("banner-action").hidden = true;
    await room.ready.then((call) => call[what]()).catch(fail);
  }

  /** @param {'audio' | 'video'} kind @param {string} id */
  async function useDevice(kind, id) {
    try {
      const track = await camera.capture?.useDevice(kind, id);
      if (track) rooms.replaceTrack(track);
    } catch {
      fail({
        code: "appareil",
        message: "Cet appareil n'a pas pu s'ouvrir. Le précédent reste utilisé.",
      });
    }
  }

  const entries = () => socket.day?.entries ?? [];
  const current = () => rules.inCall(entries());
  const timezone = () => socket.day?.timezone ?? "Europe/Paris";

  const day = new DayView({ select, admit: (id) => void admit(id) });
  const callView = new CallView(camera, {
    sendBack: () => command("sendBack"),
    end: () => command("end"),
    useDevice,
    inPerson: () => {
      select(current()?.id ?? selected);
      queueMicrotask(() => byId("exam").focus());
    },
    fail,
  });
  camera.addEventListener("track", (event) =>
    rooms.replaceTrack(/** @type {CustomEvent<MediaStreamTrack>} */ (event).detail),
  );
  callView.call = (id) => rooms.get(id)?.call ?? null;
  const acts = { take: (/** @type {Entry} */ entry) => socket.take(entry), fail };
  const checks = new ChecksView(acts);
  const gestures = new GesturesView({ fail });
  const notes = new NotesView();
  const words = new WaitingWords({ select, reach: (id) => rooms.reach(id), render });
  const people = new PeopleView({ fail });
  const transfer = new TransferView({ fail });
  const absence = new AbsenceView(acts);
  const justifications = new JustificationsView(acts);
  const inPerson = new InPersonView({ fail });
  const outcome = new OutcomeView({ recorded: (entry) => void details.load(entry) });

  // --- what is shown --------------------------------------------------------------------------

  let planned = false;
  /** Several pushes at once make one render. */
  function render() {
    if (planned) return;
    planned = true;
    queueMicrotask(() => {
      planned = false;
      if (socket.day) renderAll();
      renderStatus();
    });
  }

  function renderAll() {
    const now = socket.now();
    const list = entries();
    const call = current();
    if (!list.some(({ id }) => id === selected)) {
      selected = (call ?? rules.nextWaiting(list) ?? rules.nextExpected(list, now))?.id ?? "";
    }
    /** @param {string} id */
    const isReady = (id) => ["ready", "flowing"].includes(rooms.get(id)?.transport ?? "");
    if (socket.day) {
      day.render({
        day: socket.day,
        now,
        selected,
        current: call,
        admitting: rooms.admitting,
        isReady,
      });
    }
    renderStage(call, now);
    renderSide(call, now);
    words.tidings(list, rooms.all());
  }

  /** @param {Entry | null} call @param {number} now */
  function renderStage(call, now) {
    const focused = document.activeElement;
    const before = shownCall;
    const within = byId("call").contains(focused) || focused === document.body;
    document.body.classList.toggle("in-call", Boolean(call));
    callView.rooms(rooms.all());
    callView.render(call, rooms.get(call?.id), now, rooms.replaced);
    const next = rules.nextWaiting(entries());
    const expected = rules.nextExpected(entries(), now);
    if (!call)
      renderIdle({ next, expected, now, timezone: timezone(), over: entries().length > 0 });
    const todo = entries().filter((entry) => rules.isToRecord(entry, now)).length;
    byId("ready-todo").textContent = todo ? String(todo) : "aucune";
    byId("ready-link").textContent = socket.linked ? "établie" : "interrompue";
    byId("ready-camera").textContent = camera.stream
      ? "prêts"
      : camera.problem
        ? "indisponibles"
        : camera.opening
          ? "ouverture…"
          : "éteints";
    shownCall = call?.id ?? "";
    if (shownCall === before) return;
    // The focus follows what happened: into the call, to the outcome once ended, else to the row.
    if (shownCall) {
      selected = shownCall;
      if (before || admitted === shownCall) byId("stage-title").focus();
    } else if (within) {
      const ended = entries().find(({ id }) => id === before)?.phase === "ended";
      if (ended)
        requestAnimationFrame(() =>
          byId(selected === before ? "outcome-title" : "side-title").focus(),
        );
      else day.focus(before);
    }
  }

  /** @param {Entry | null} call @param {number} now */
  function renderSide(call, now) {
    const entry = entries().find(({ id }) => id === selected);
    byId("side-empty").hidden = Boolean(entry) || !entries().length;
    byId("side-detail").hidden = !entry;
    if (!entry) return;
    const { kind, chip, note } = rules.describe(entry, now);
    byId("side-title").textContent = entry.assure_name;
    const facts = `${formatTime(entry.start, timezone())}, ${entry.duration_minutes} min, ${rules.contextLabel(entry.context)}`;
    const its = socket.day && otherDay(entry, socket.day);
    byId("side-facts").textContent = its ? `${its}, ${facts}` : facts;
    byId("side-chip").textContent = chip;
    byId("side-chip").className = `chip ${TONES[kind]}`;
    byId("side-chip").title = note;
    renderTags(byId("side-tags"), entry);
    byId("side-back").hidden = !call || call.id === entry.id;
    notes.render(entry, timezone());
    words.render(entry, rooms.get(entry.id));
    people.render(entry, rooms.get(entry.id));
    transfer.render(entry);
    checks.render(entry);
    gestures.render(entry, rooms.get(entry.id));
    const detail = details.of(entry);
    inPerson.render(entry, detail);
    absence.render(entry, detail, now, timezone());
    justifications.render(entry, detail, timezone());
    for (const id of ["presence", "outcome", "facts"]) byId(id).hidden = !detail;
    if (detail) {
      renderEquipment(detail.equipment, timezone());
      renderPresence(detail, now, timezone());
      outcome.render({ ...detail, entry }, now, timezone());
      renderFacts(detail, timezone());
    }
  }

  function renderStatus() {
    const link = byId("link");
    const words = socket.linked
      ? ""
      : socket.day
        ? "Liaison interrompue, reprise en cours…"
        : "Connexion…";
    if (link.textContent !== words) link.textContent = words;
    byId("banner-replaced").hidden = !rooms.replaced;
    const [title, remedy] = camera.problem ? REMEDIES[camera.problem] : ["", ""];
    byId("banner-camera").hidden = !title;
    byId("camera-title").textContent = title;
    byId("camera-remedy").textContent = remedy;
    byId("sound").setAttribute("aria-pressed", String(bell.on));
  }

  // --- what happens ---------------------------------------------------------------------------

  /** After any push: who arrived, which rooms and which devices that asks for. */
  function follow() {
    if (!socket.day) return;
    const list = entries();
    arrivals.notice(list, timezone());
    rooms.sync(list);
    const wanted = Boolean(current()) || Boolean(rules.nextWarm(list, socket.now()));
    camera.sync(wanted && !rooms.replaced);
    void awake();
    render();
  }

  let delay = -1;
  socket.addEventListener("day", () => {
    byId("today").textContent = formatDate(socket.now(), timezone());
    if (socket.day && socket.day.delay_minutes !== delay) {
      delay = socket.day.delay_minutes;
      byId("delay-minutes", HTMLSelectElement).value = String(delay);
      byId("delay").classList.toggle("late", delay > 0);
    }
    follow();
  });
  socket.addEventListener("link", render);
  details.addEventListener("change", render);
  notes.book.addEventListener("change", leave);
  rooms.addEventListener("change", () => {
    leave();
    camera.sync(
      !rooms.replaced && (Boolean(current()) || Boolean(rules.nextWarm(entries(), socket.now()))),
    );
    render();
  });
  /** @type {MediaStream | null | undefined} */
  let stream = camera.settled;
  camera.addEventListener("change", () => {
    if (camera.settled !== stream) rooms.setStream((stream = camera.settled));
    rooms.setDevices(camera.devices);
    render();
  });
  setInterval(follow, TICK_MS);
  setInterval(() => {
    const call = current();
    if (call) callView.tick(call, socket.now());
  }, 1000);

  byId("take-over").addEventListener("click", () => {
    rooms.takeOver();
    byId("day-title").focus();
  });
  byId("camera-retry").addEventListener("click", () => void camera.open());
  byId("action-dismiss").addEventListener("click", () => {
    byId("banner-action").hidden = true;
    byId(current() ? "stage-title" : "day-title").focus();
  });
  byId("side-back").addEventListener("click", () => {
    select(current()?.id ?? selected);
    byId("side-title").focus();
  });
  byId("sound").addEventListener("click", () => bell.toggle());
  bell.addEventListener("change", render);
  byId("delay").addEventListener("submit", async (event) => {
    event.preventDefault();
    const minutes = Number(byId("delay-minutes", HTMLSelectElement).value);
    const answer = await socket.announceDelay(minutes).catch(() => null);
    if (!answer?.ok) return fail(answer);
    announce(minutes ? `Retard de ${minutes} minutes annoncé` : "Retard levé");
  });
  byId("logout").addEventListener("click", async () => {
    await notes.book.flush();
    if (notes.book.unsaved) return fail(UNSAVED);
    rooms.closeAll();
    camera.sync(false);
    socket.close();
    sessionStorage.removeItem(SELECTED);
    const next = await closeSession();
    if (next) location.assign(next);
    else location.reload();
  });
  addEventListener("pagehide", () => rooms.closeAll());

  const inCall = (/** @type {() => void} */ action) => () => void (current() && action());
  listenToKeys({
    a: () => {
      const next = rules.nextWaiting(entries());
      if (next && !current() && !rooms.admitting) void admit(next.id);
    },
    m: inCall(() => {
      camera.setMicrophone(!(camera.capture ?? camera).microphone);
      announceDevice(camera, "microphone");
    }),
    v: inCall(() => {
      camera.setCamera(!(camera.capture ?? camera).camera);
      announceDevice(camera, "camera");
    }),
    p: inCall(toggleHold),
    r: inCall(() => byId("send-back").click()),
    t: inCall(() => void callView.askEnd()),
    i: inCall(() => {
      select(current()?.id ?? selected);
      queueMicrotask(() => checks.focus());
    }),
    n: () => {
      if (!byId("side-detail").hidden) notes.focus();
    },
    j: () => day.move(selected, 1),
    k: () => day.move(selected, -1),
  });
  render();
}

try {
  const opened = await openSession();
  if (opened) start(opened);
  else await showLogin(start);
} catch (error) {
  await showLogin(start, error);
}
