// The médecin-conseil's devices on the page: which are used, whether they can be heard, their own
// picture; and, in words, what the assuré's devices lack.

import { preference } from "./console-keys.js";
import { announce, byId, element, look } from "./page.js";
import { Voice } from "./voice.js";

/** @typedef {import('./protocol').Entry} Entry */
/** @typedef {import('./protocol').Seat} Seat */
/** @typedef {import('./console-camera.js').Camera} Camera */

const NO_SELF = "console-sans-image";
const UNHEARD = {
  silent:
    "On ne vous entend pas : votre micro ne donne aucun son. Vérifiez son bouton, ou choisissez-en un autre sous «\u00a0Micro, caméra et haut-parleur\u00a0».",
  off: "Votre micro est coupé. La touche M l'active.",
};
/** @type {Record<Exclude<Seat["missing"], "">, [string, string]>} */
const LACKS = {
  camera: ["Sans vidéo.", "L'assuré est venu sans caméra. L'entretien peut se faire à la voix."],
  microphone: [
    "Sans micro.",
    "L'assuré vous voit et vous entend, et ne peut pas parler. Écrivez-vous avec «\u00a0Écrire\u00a0».",
  ],
};

/** A line that is there when it has something to say. @param {string} id @param {...Node} more */
function line(id, ...more) {
  const words = element("p", null);
  const banner = element("div", { id, className: "banner warn", role: "status", hidden: true }, words, ...more);
  /** @param {string} text */
  const say = (text) => {
    banner.hidden = !text;
    if (words.textContent !== text) words.textContent = text;
  };
  return { banner, say };
}

export class DevicesView {
  #sink = "";
  #voice;
  #news = line(
    "device-news",
    element("button", {
      type: "button",
      className: "button quiet",
      onclick: () => {
        this.#news.say("");
        byId(byId("call").hidden ? "day-title" : "stage-title").focus();
      },
    }, "Fermer"),
  );
  #unheard = line("unheard");
  #propose = element("button", {
    type: "button",
    id: "propose-in-person",
    className: "button secondary",
  }, "Proposer un rendez-vous en présentiel");
  #lack = line("lacks", this.#propose);
  #virtual = element("li", {
    id: "other-virtual",
    className: "chip idle",
    title: "Dit par la page de l'assuré d'après le nom de la caméra. Simple indication, sans effet.",
    hidden: true,
  }, "Caméra virtuelle signalée");
  #speaker = element("select", { id: "device-speaker" });
  #hide = element("button", { type: "button", id: "hide-self", className: "button quiet" }, "Masquer mon image");

  /**
   * @param {Camera} camera
   * @param {{ useDevice: (kind: 'audio' | 'video', id: string) => Promise<void>,
   *   videos: () => Iterable<HTMLVideoElement>, inPerson: () => void }} acts
   *   `inPerson`: to where an in-person appointment is asked for
   */
  constructor(camera, acts) {
    this.camera = camera;
    this.acts = acts;
    this.#voice = new Voice(() => camera.capture);
    this.#voice.addEventListener("change", () => {
      const { trouble } = this.#voice;
      this.#unheard.say(trouble && UNHEARD[trouble]);
    });
    this.#furnish();
    for (const [id, kind] of /** @type {const} */ ([
      ["device-microphone", "audio"],
      ["device-camera", "video"],
    ])) {
      const select = byId(id, HTMLSelectElement);
      select.addEventListener("change", () => void acts.useDevice(kind, select.value));
    }
    this.#speaker.addEventListener("change", () => void this.#speak(this.#speaker.value));
    this.#propose.addEventListener("click", acts.inPerson);
    camera.addEventListener("said", (event) => {
      this.#news.say(/** @type {CustomEvent<string>} */ (event).detail);
    });
    camera.addEventListener("change", () => void this.#list());
    byId("devices").addEventListener("toggle", () => void this.#list());
    navigator.mediaDevices?.addEventListener?.("devicechange", () => void this.#list());
  }

  #furnish() {
    void look("devices.css");
    byId("banners").append(this.#news.banner, this.#unheard.banner);
    byId("call-problem").after(this.#lack.banner);
    byId("other-camera").after(this.#virtual);
    const place = document.querySelector(".devices-fields");
    if ("setSinkId" in HTMLMediaElement.prototype)
      place?.append(element("p", null, element("label", { htmlFor: "device-speaker" }, "Haut-parleur"), " ", this.#speaker));
    place?.append(element("p", null, this.#hide));
    const summary = document.querySelector("#devices summary");
    if (summary) summary.textContent = "Micro, caméra et haut-parleur";
    let hidden = preference.get(NO_SELF, false);
    const show = () => {
      byId("self-frame").hidden = hidden;
      this.#hide.setAttribute("aria-pressed", String(hidden));
    };
    this.#hide.addEventListener("click", () => {
      preference.set(NO_SELF, (hidden = !hidden));
      show();
    });
    show();
  }

  /** A picture that has just come: on the loudspeaker that was chosen. @param {HTMLVideoElement} video */
  dress(video) {
    if (this.#sink) void video.setSinkId?.(this.#sink).catch(() => {});
  }

  /** @param {string} id '' for the default one */
  async #speak(id) {
    try {
      for (const video of this.acts.videos()) await video.setSinkId(id);
      this.#sink = id;
    } catch {
      announce("Ce haut-parleur ne répond pas : le précédent reste utilisé.");
      await this.#list();
    }
  }

  /** What the assuré's page says of their devices, and whether we can be heard. @param {Entry | null} entry @param {Seat | null} seat */
  render(entry, seat) {
    this.#listen(Boolean(entry));
    const missing = seat?.presence === "present" ? seat.missing : "";
    this.#virtual.hidden = !seat?.virtual || seat.presence !== "present";
    this.#propose.hidden = Boolean(entry?.in_person) || missing !== "camera";
    this.#lack.say(missing && LACKS[missing].join(" "));
  }

  #listening = false;

  /** While somebody is there to hear us. @param {boolean} now */
  #listen(now) {
    if (now === this.#listening) return;
    this.#listening = now;
    if (now) return this.#voice.start();
    this.#voice.stop();
    this.camera.capture?.rest();
  }

  async #list() {
    const { capture } = this.camera;
    if (!byId("devices", HTMLDetailsElement).open) return;
    const none = /** @type {MediaDeviceInfo[]} */ ([]);
    const found = (await capture?.devices()) ?? { audioinput: none, videoinput: none, audiooutput: none };
    const using = (/** @type {'audio' | 'video'} */ kind) => capture?.track(kind)?.getSettings().deviceId;
    fill(byId("device-microphone", HTMLSelectElement), found.audioinput, using("audio"));
    fill(byId("device-camera", HTMLSelectElement), found.videoinput, using("video"));
    fill(this.#speaker, found.audiooutput, this.#sink);
    // A loudspeaker that is gone plays nothing: back to the default one.
    if (this.#sink && !found.audiooutput.some(({ deviceId }) => deviceId === this.#sink))
      await this.#speak("");
  }
}

/** @param {HTMLSelectElement} select @param {MediaDeviceInfo[]} devices @param {string | undefined} used */
function fill(select, devices, used) {
  const options = devices.map((device, index) =>
    element("option", { value: device.deviceId }, device.label || `Appareil ${index + 1}`),
  );
  select.replaceChildren(...(options.length ? options : [element("option", null, "Aucun")]));
  select.disabled = !options.length;
  if (used) select.value = used;
}
