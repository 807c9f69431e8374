// The agent's console: one address, one view shown, one télécontrôle in the panel.

import { ApiError, announce, byId, formatTime } from "./page.js";
import { AbsencesView } from "./agent-absences.js";
import * as api from "./agent-api.js";
import { ImportView } from "./agent-import.js";
import { listenToKeys } from "./agent-keys.js";
import { ListView } from "./agent-list.js";
import { enter, showLogin } from "./agent-login.js";
import { Panel } from "./agent-panel.js";
import { PlanView } from "./agent-plan.js";
import { Router } from "./agent-router.js";
import { SendsView } from "./agent-sends.js";
import { CHANNELS } from "./agent-words.js";

/** @typedef {import('./api').AgentSession} AgentSession */

const REFRESH_MS = 30_000;
/** Receipts come in within seconds: who looks at one télécontrôle sees them. */
const PANEL_MS = 10_000;
const SERVICE = document.title;
const EXPIRED =
  "Votre session s'est fermée. Reconnectez-vous\u00a0: votre saisie est gardée sur cette page.";

/** True once the views are there: a new login only opens the door again. */
let started = false;
/** The agent whose data the page holds. */
let who = "";

/** @param {AgentSession} opened */
function open(opened) {
  // Somebody else at this computer: nothing of what was on the page stays.
  if (started && who !== opened.id) return location.reload();
  byId("login").hidden = true;
  byId("console").hidden = false;
  if (started) return announce("Session ouverte de nouveau");
  started = true;
  who = opened.id;
  start(opened);
}

/** @param {AgentSession} session */
function start(session) {
  byId("agent").textContent = session.name;
  byId("caisse").textContent = session.caisse;
  silent(session.silent_channels);

  const router = new Router();
  const list = new ListView(router, session);
  const panel = new Panel(router, session);
  const sends = new SendsView(router, session);
  const absences = new AbsencesView(router, session, refresh);
  const plan = new PlanView(session, (planned, said) => {
    // Shown even where it is outside the period of the list.
    router.go({ vue: "liste", tc: planned.id });
    panel.say(said);
    void list.refresh();
  });
  new ImportView(router, session, refresh);
  const views = { liste: list, envois: sends, planifier: plan };

  function refresh() {
    if (router.view === "liste") void list.refresh();
    if (router.view === "envois") void sends.refresh();
    if (router.view === "absences") void absences.refresh();
    refreshProgress();
  }

  /** How many messages did not arrive stands on the tab, whatever is shown. */
  function refreshProgress() {
    void api.progress().then(
      (progress) => sends.progress(progress),
      () => {},
    );
  }

  let shown = "";
  /** Where the focus was when the panel opened. @type {HTMLElement | null} */
  let opener = null;
  function follow() {
    const { view } = router;
    const title = byId(`title-${view}`);
    document.title = `${title.textContent} – ${SERVICE}`;
    if (view !== shown) {
      for (const section of /** @type {NodeListOf<HTMLElement>} */ (
        document.querySelectorAll("[data-view-name]")
      ))
        section.hidden = section.dataset.viewName !== view;
      for (const tab of document.querySelectorAll("a[data-go]")) {
        if (/** @type {HTMLElement} */ (tab).dataset.go === view)
          tab.setAttribute("aria-current", "page");
        else tab.removeAttribute("aria-current");
      }
      byId("main").scrollTop = 0;
      scrollTo(0, 0);
    }
    const active = document.activeElement;
    if (router.opened && !panel.isOpen && active instanceof HTMLElement) opener = active;
    const closed = panel.show(router.opened);
    if (router.opened) panel.quiet();
    cover();
    views[/** @type {keyof typeof views} */ (view)]?.show();
    if (view !== shown && !router.opened && shown) title.focus();
    else if (closed) back(closed, view);
    shown = view;
  }

  /** The panel is closed: the focus goes back to its row. @param {string} id @param {string} view */
  function back(id, view) {
    if (view === "liste") list.focus(id);
    else if (opener?.isConnected && opener !== document.body) opener.focus();
    else byId(`title-${view}`).focus();
  }

  /** Where the panel covers all, what is under it is out of reach. */
  const small = matchMedia("(max-width: 74.99rem)");
  function cover() {
    const covered = panel.isOpen && small.matches;
    for (const id of ["bar", "banners", "main"]) byId(id).inert = covered;
  }
  small.addEventListener("change", cover);

  router.addEventListener("change", follow);
  panel.addEventListener("change", refresh);
  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
    const link = /** @type {Element} */ (event.target).closest(
      "a[data-go], :is(#panel, #import-lines) a[data-tc]",
    );
    if (!(link instanceof HTMLElement)) return;
    event.preventDefault();
    if (link.dataset.tc) return router.go({ tc: link.dataset.tc });
    router.go({ vue: link.dataset.go ?? "" });
  });
  setInterval(() => looking() && refresh(), REFRESH_MS);
  setInterval(() => looking() && panel.isOpen && void panel.load(), PANEL_MS);
  watchLine(() => {
    refresh();
    void panel.load();
  });
  byId("logout").addEventListener("click", async () => {
    location.replace((await api.closeSession()) || location.pathname);
  });

  listenToKeys({
    j: () => list.step(1),
    k: () => list.step(-1),
    arrowdown: () => list.holdsFocus && list.step(1),
    arrowup: () => list.holdsFocus && list.step(-1),
    n: () => router.go({ vue: "planifier" }),
    e: () => router.go({ vue: "envois" }),
    i: () => router.go({ vue: "importer" }),
    l: () => router.go({ vue: "liste" }),
    "/": () => {
      if (router.view !== "liste") router.go({ vue: "liste" });
      if (byId("main").inert) panel.close();
      byId("search").focus();
    },
    escape: () => {
      if (!panel.isOpen) return false;
      panel.close();
    },
  });
  follow();
  refreshProgress();
}

/** Somebody is there, and not answering a question: what is behind a dialog stays as it is. */
const looking = () =>
  !document.hidden && byId("login").hidden && !document.querySelector("dialog[open]");

/** @param {string[]} channels those by which nothing leaves */
function silent(channels) {
  const names = channels.map((one) => CHANNELS[/** @type {keyof typeof CHANNELS} */ (one)] ?? one);
  byId("banner-silent").hidden = !names.length;
  byId("silent-text").textContent =
    names.length === 1
      ? `Aucun prestataire n'est réglé pour ce canal\u00a0: ${names[0]}. Rien ne part par là.`
      : `Aucun prestataire n'est réglé pour ces canaux\u00a0: ${names.join(", ")}. Rien ne part par là.`;
}

/** The network, and the session that ends. @param {() => void} found */
function watchLine(found) {
  const banner = byId("banner-line");
  api.line.addEventListener("lost", () => {
    byId("line-text").textContent =
      `Connexion interrompue. Ce qui est affiché date de ${formatTime(Date.now())}.`;
    banner.hidden = false;
  });
  api.line.addEventListener("found", () => {
    if (banner.contains(document.activeElement)) byId("main").focus();
    banner.hidden = true;
    announce("Connexion rétablie");
  });
  api.line.addEventListener("expired", () => {
    for (const dialog of document.querySelectorAll("dialog")) dialog.close();
    if (byId("login").hidden)
      void showLogin(open, new ApiError({ code: "session", message: EXPIRED }, 401));
  });
  byId("line-retry").addEventListener("click", found);
  addEventListener("online", found);
}

try {
  const opened = await enter();
  if (opened) open(opened);
  else await showLogin(open);
} catch (error) {
  await showLogin(open, error);
}
