// « Tester mon matériel »: each part in turn with what the visit has open already, then a verdict.

import * as devices from "./assure-devices.js";
import { echo } from "./equipment-echo.js";
import { Chime, browser, camera, microphone } from "./equipment-media.js";
import { loop, relayOf, ways } from "./equipment-network.js";
import { Screen, choose } from "./equipment-screen.js";
import { REMEDIES, advice, colour, inWords, network } from "./equipment-verdict.js";
import { actions, go, link } from "./journey.js";
import { ApiError, byId, element, focusTitle, look, post, screen } from "./page.js";
import { stage } from "./tools.js";

/** @typedef {import('./api').EquipmentAccess} EquipmentAccess */
/** @typedef {import('./api').EquipmentParts} Parts */
/** @typedef {import('./equipment-verdict.js').Figures} Figures */
/** @typedef {import('./equipment-screen.js').Tone} Tone */

/** @type {Figures} */
const NOTHING = { up_kbps: null, down_kbps: null, loss_percent: null, rtt_ms: null };
const PRIVATE =
  "Votre image et votre son passent quelques secondes par notre serveur, qui vous les renvoie sans rien garder.";

/** What the code opened, for as long as the page is there. */
let pass = "";
/** Where the person came from. */
let from = "check";

export async function open() {
  if (!devices.capture) return actions.activate?.();
  await look("equipment.css");
  if (screen() !== "equipment") from = screen();
  await new Test().run();
}

/** Back to where the person was: the seat was never left. */
function back() {
  if (stage.call) return go("waiting");
  if (from === "check" && devices.capture) return devices.check();
  void actions.refresh?.();
}

/** One go through all the parts; it ends when the screen is left, whoever leaves it. */
class Test {
  #end = new AbortController();
  #screen = new Screen(back, () => void open());
  /** @type {Parts} */
  #parts = {
    navigateur: "ok", camera: "non_teste", micro: "non_teste", haut_parleur: "non_teste",
    reseau: "non_teste", echo: "non_teste", chemin: "inconnu", udp: null, tcp: null, tls: null,
  };
  /** @type {Figures} */
  #figures = NOTHING;
  /** @type {EquipmentAccess | null} */
  #access = null;

  get #signal() {
    return this.#end.signal;
  }

  async run() {
    // One's picture may be in a former test, which goes: it comes along before.
    const place = element("div", { className: "self-place wide" }, byId("self"));
    this.#screen.steps.camera.show(place);
    this.#screen.enter();
    go("equipment");
    // Begun again it is the same screen, whose button has just gone.
    focusTitle();
    const left = new MutationObserver(() => {
      if (screen() !== "equipment" || !this.#screen.section.isConnected) this.#end.abort();
    });
    left.observe(document.body, { attributeFilter: ["data-screen"] });
    left.observe(this.#screen.section.parentElement ?? document.body, { childList: true });
    try {
      await this.#all();
    } catch (error) {
      if (!this.#signal.aborted) throw error;
    } finally {
      left.disconnect();
      this.#end.abort();
      if (!stage.call && screen() !== "check") devices.capture?.rest();
    }
  }

  async #all() {
    await this.#browser();
    await this.#camera();
    await this.#microphone();
    await this.#speaker();
    if (await this.#enter()) {
      await this.#network();
      await this.#echo();
    }
    await this.#conclude();
  }

  /** @param {keyof Screen["steps"]} part @param {string} code @param {string} [text] when it went well */
  #told(part, code, text = "") {
    const remedy = REMEDIES[part]?.[code];
    /** @type {[Tone, string]} */
    const [tone, word] =
      code === "ok" ? ["ok", "Ça marche"]
      : !remedy ? ["idle", "Pas testé"]
      : ["faible", "partiel", "non_entendu"].includes(code) ? ["warn", "À surveiller"]
      : ["danger", "Ça ne marche pas"];
    Object.assign(this.#parts, { [part]: code });
    this.#screen.steps[part].say(tone, word, remedy ?? text);
  }

  // --- without the network ----------------------------------------------------------------------

  async #browser() {
    this.#told("navigateur", browser(), "Il sait faire un appel vidéo.");
  }

  async #camera() {
    const { capture } = devices;
    if (!capture) return;
    this.#screen.steps.camera.say("", "En cours");
    const found = await camera(capture, byId("self-video", HTMLVideoElement), this.#signal);
    const off = "Votre caméra est coupée. Activez-la, puis recommencez.";
    this.#told("camera", found, found === "ok" ? "Vous devez vous voir ci-dessous." : off);
  }

  async #microphone() {
    const { capture } = devices;
    if (!capture) return;
    const step = this.#screen.steps.micro;
    step.say("", "Dites quelques mots", "Parlez normalement, comme au médecin.");
    const meter = element("meter", { min: 0, max: 1, value: 0, "aria-label": "Niveau de votre micro" });
    step.show(meter);
    const show = (/** @type {number} */ level) => void (meter.value = level);
    const found = await microphone(capture, show, this.#signal);
    step.show();
    this.#told("micro", found, found === "ok" ? "On vous entend." : "Votre micro est coupé. Activez-le, puis recommencez.");
  }

  async #speaker() {
    const step = this.#screen.steps.haut_parleur;
    const outputs = await this.#outputs();
    step.say("", "À vous", "Nous allons jouer trois notes.");
    const first = await choose(step, outputs, [["play", "Jouer le son"], ["skip", "Passer", "quiet"]], this.#signal);
    if (first === "skip") return this.#told("haut_parleur", "non_teste");
    const chime = new Chime();
    try {
      for (;;) {
        await chime.play(byId("audiooutput", HTMLSelectElement).value).catch(() => {});
        const question = element("p", { className: "eq-question" }, "Avez-vous entendu le son\u00a0?");
        const answers = /** @type {[string, string, string?][]} */ ([["yes", "Oui"], ["no", "Non", "secondary"], ["again", "Jouer encore", "quiet"]]);
        const said = await choose(step, [question, ...outputs], answers, this.#signal);
        if (said === "yes") return this.#told("haut_parleur", "ok", "Vous entendrez le médecin.");
        if (said === "no") return this.#told("haut_parleur", "non_entendu");
      }
    } finally {
      chime.close();
    }
  }

  /** The choice of the loudspeaker, where there is one. @returns {Promise<Node[]>} */
  async #outputs() {
    const known = (await devices.capture?.devices())?.audiooutput.filter(({ label }) => label) ?? [];
    if (known.length < 2 || !("setSinkId" in HTMLMediaElement.prototype)) return [];
    const chosen = byId("audiooutput", HTMLSelectElement);
    const select = element("select", { id: "eq-output" }, ...known.map((one) => new Option(one.label, one.deviceId)));
    if (chosen.value) select.value = chosen.value;
    select.onchange = () => {
      // It is the one of the visit from now on.
      chosen.value = select.value;
      chosen.dispatchEvent(new Event("change"));
    };
    return [element("div", { className: "field" }, element("label", { htmlFor: "eq-output" }, "Haut-parleur"), select)];
  }

  // --- with the network -------------------------------------------------------------------------

  /** What the server's part needs: the visit, or a code. @returns {Promise<boolean>} */
  async #enter() {
    const step = this.#screen.steps.reseau;
    const start = /** @type {[string, string, string?][]} */ ([["go", "Tester ma connexion"], ["skip", "Terminer sans ce test", "quiet"]]);
    const lead = (/** @type {string} */ text) => element("p", null, text);
    step.say("", "À vous");
    if ((await choose(step, [lead(`Environ 3\u00a0Mo sont échangés. ${PRIVATE}`)], start, this.#signal)) === "skip") return this.#skipped();
    try {
      this.#access = await post("/api/assure/materiel/acces", { link, access: pass });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) return this.#unreachable(error);
      if (!(await this.#code())) return this.#skipped();
    }
    pass = this.#access?.access ?? "";
    return true;
  }

  #skipped() {
    this.#told("reseau", "non_teste");
    this.#told("echo", "non_teste");
    return false;
  }

  /** @param {unknown} error */
  #unreachable(error) {
    const said = error instanceof ApiError ? error.message : "";
    const known = error instanceof ApiError && error.status > 0;
    this.#told("reseau", known ? "non_teste" : "aucun", said);
    this.#told("echo", "non_teste");
    return false;
  }

  /** A code, sent when it is asked for; wrong ones may be corrected. @returns {Promise<boolean>} */
  async #code() {
    const step = this.#screen.steps.reseau;
    const why = element("p", null, "Ce test utilise notre serveur\u00a0: un code par SMS montre que c'est bien vous. Il n'ouvre pas la salle d'attente.");
    const send = /** @type {[string, string, string?][]} */ ([["send", "Recevoir un code par SMS"], ["skip", "Terminer sans ce test", "quiet"]]);
    if ((await choose(step, [why], send, this.#signal)) === "skip") return false;
    const input = element("input", { id: "eq-code", className: "digits", type: "text", inputMode: "numeric", autocomplete: "one-time-code", maxLength: 12 });
    input.setAttribute("aria-describedby", "eq-code-error");
    const problem = element("p", { id: "eq-code-error", className: "field-error", hidden: true });
    const complain = (/** @type {unknown} */ error) => {
      problem.textContent = error instanceof ApiError ? error.message : new ApiError({}, 0).message;
      problem.hidden = false;
      input.setAttribute("aria-invalid", "true");
    };
    await post("/api/assure/materiel/code", { link }).catch(complain);
    const field = element("div", { className: "field" }, element("label", { htmlFor: "eq-code" }, "Code reçu par SMS"), problem, input);
    for (;;) {
      const asked = choose(step, [field], [["enter", "Continuer"], ["skip", "Terminer sans ce test", "quiet"]], this.#signal);
      input.focus();
      if ((await asked) === "skip") return false;
      try {
        this.#access = await post("/api/assure/materiel/acces", { link, code: input.value.replace(/\D/g, "") });
        return true;
      } catch (error) {
        complain(error);
      }
    }
  }

  async #network() {
    const step = this.#screen.steps.reseau;
    const relay = relayOf(this.#access?.ice_servers ?? []);
    if (!relay) return step.say("idle", "Relais non configuré", "Ce service n'a pas de relais\u00a0: l'essai d'appel dira comment passe votre connexion.");
    step.say("", "Mesure en cours", "Une dizaine de secondes.");
    const [open, figures] = await Promise.all([ways(relay, this.#signal), loop(relay, this.#signal)]);
    Object.assign(this.#parts, open);
    this.#figures = figures ?? NOTHING;
    const passes = Object.values(open).includes(true);
    this.#told("reseau", figures ? network(figures) : passes ? "mauvais" : "aucun");
    const measured = figures ? `${capital(inWords(figures))}. ` : "";
    step.show(element("p", { className: "hint eq-figures" }, `${measured}${said(open)}`));
  }

  async #echo() {
    const [step, access, { capture }] = [this.#screen.steps.echo, this.#access, devices];
    if (!access || !capture) return;
    const video = element("video", { className: "eq-echo", playsInline: true, autoplay: true, "aria-label": "Votre image, revenue de notre serveur" });
    step.say("", "Connexion");
    step.show(video);
    try {
      const { echo: found, chemin, figures } = await echo({
        stream: capture.stream, access, link, video, signal: this.#signal,
        waits: (before) => step.say("", "En attente", before > 1 ? `${before} personnes avant vous.` : "Une personne avant vous."),
        lasts: (left) => step.say("", `Parlez (${left}\u00a0s)`, "Vous devez vous voir, et vous entendre une demi-seconde plus tard."),
      });
      this.#parts.chemin = chemin;
      if (this.#figures === NOTHING) this.#measured(figures);
      this.#told("echo", found, "Votre image et votre voix sont revenues.");
    } catch (error) {
      if (this.#signal.aborted) throw error;
      const busy = error instanceof ApiError && ["essai_complet", "essai_remplace", "essai_indisponible"].includes(error.code);
      this.#told("echo", busy ? "occupe" : "echec", error instanceof ApiError ? error.message : "");
    }
    step.show();
  }

  /** Without a relay, the echo's own figures; what a camera sends says little of what could pass. @param {Figures} figures */
  #measured(figures) {
    this.#figures = figures;
    if (figures.loss_percent === null) return;
    this.#told("reseau", network({ ...figures, up_kbps: null, down_kbps: null }), `${capital(inWords(figures))}.`);
  }

  // --- the end ----------------------------------------------------------------------------------

  async #conclude() {
    const [parts, verdict] = [this.#parts, colour(this.#parts)];
    let kept = "Ce résultat reste sur cet appareil\u00a0: il n'est envoyé à personne.";
    if (this.#access) {
      const told = { link, access: pass, colour: verdict, parts, ...this.#figures };
      const failure = await post("/api/assure/materiel/verdict", told).then(() => "", (error) => error.message);
      kept = failure || "Le résultat est gardé avec votre rendez-vous, pour vous aider au besoin\u00a0: ni image, ni son. Il ne compte jamais contre vous.";
    }
    this.#signal.throwIfAborted();
    this.#screen.conclude(verdict, advice(parts), kept);
  }
}

/** @param {Record<'udp' | 'tcp' | 'tls', boolean | null>} open */
function said(open) {
  const tried = Object.entries(open).filter(([, works]) => works !== null);
  return `Relais\u00a0: ${tried.map(([way, works]) => `${way.toUpperCase()} ${works ? "oui" : "non"}`).join(", ")}.`;
}

/** @param {string} text */
const capital = (text) => text.replace(/^./, (first) => first.toUpperCase());
