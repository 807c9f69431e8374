// Trials of web-client/spoken-code.js, as the pages run it: `node spoken_code.mjs TRIALS`.
//
// Prints one JSON object: for each way of standing in the middle, how many of the trials ended with
// the same code on both sides, with different ones, with none on one side, with none at all; and
// some exchanges with all that went into them, for another implementation to compute again.

import { remoteCertificate, remoteFingerprint } from "../../web-client/certificates.js";
import { Exchange, History, MAX_EXCHANGES, bytes, hex } from "../../web-client/spoken-code.js";

const TRIALS = Number(process.argv[2]);
const random = () => crypto.getRandomValues(new Uint8Array(32));
const [NONE, A, B, ZERO] = [new Uint8Array(), random(), random(), "0".repeat(64)];

/** What one side ends with when the other is `answers`: a list of messages, given one by one. */
async function against(options, ...words) {
  const one = new Exchange(options);
  const said = [await one.begin()];
  for (const word of words) said.push(await one.take(typeof word === "function" ? await word(said) : word));
  return { code: one.code, failure: one.failure, said };
}

/** Both sides, and `passed(word, to)` between them: what each hears of what the other says. */
async function between(doctor, assure, passed = (word) => word) {
  let [word, to] = [await doctor.begin(), assure];
  for (let steps = 0; word && steps < 8; steps++) {
    const heard = await passed(word, to === assure ? "assure" : "medecin_conseil");
    word = heard ? await to.take(heard) : "";
    to = to === assure ? doctor : assure;
  }
  return [doctor, assure];
}

const side = (role, local, remote, more = {}) => new Exchange({ role, local, remote, ...more });

/** Each leg is honest in itself, and has the certificate of who stands in the middle. */
function swapped() {
  const [doctor, assure, mine, mine2] = [random(), random(), random(), random()];
  return {
    doctor: side("medecin_conseil", doctor, mine),
    assure: side("assure", assure, mine2),
    toDoctor: (more) => side("assure", mine, doctor, more),
    toAssure: (more) => side("medecin_conseil", mine2, assure, more),
  };
}

const HONEST = {
  async both_ends_meet() {
    const [a, b] = [random(), random()];
    return between(side("medecin_conseil", a, b), side("assure", b, a));
  },
};

const ATTACKS = {
  async certificates_swapped_and_words_forwarded() {
    const { doctor, assure } = swapped();
    return between(doctor, assure);
  },
  async the_exchange_played_with_each_side_doctor_first() {
    const { doctor, assure, toDoctor, toAssure } = swapped();
    const middle = toDoctor();
    await between(doctor, middle);
    // Their nonce is known by now: it is the best that can be shown to the other side.
    await between(toAssure({ nonce: doctor.nonce }), assure);
    return [doctor, assure];
  },
  async the_exchange_played_with_each_side_assure_first() {
    const { doctor, assure, toDoctor, toAssure } = swapped();
    await between(toAssure(), assure);
    await between(doctor, toDoctor({ nonce: assure.nonce }));
    return [doctor, assure];
  },
  async only_one_certificate_swapped() {
    const [a, b, mine] = [random(), random(), random()];
    return between(side("medecin_conseil", a, mine), side("assure", b, a));
  },
  async another_nonce_revealed_than_committed() {
    const [a, b] = [random(), random()];
    const other = (word) => word.replace(/reveal .*/, `reveal ${hex(random())}`);
    return between(side("medecin_conseil", a, b), side("assure", b, a), other);
  },
  async another_nonce_answered_on_the_way() {
    const [a, b] = [random(), random()];
    const other = (word) => word.replace(/nonce .*/, `nonce ${hex(random())}`);
    return between(side("medecin_conseil", a, b), side("assure", b, a), other);
  },
  async one_bit_of_a_message_turned() {
    const [a, b] = [random(), random()];
    let left = 1 + Math.floor(Math.random() * 3);
    const turned = (word) => {
      if (--left) return word;
      const at = word.length - 1 - Math.floor(Math.random() * 64);
      const digit = (parseInt(word[at], 16) ^ (1 << Math.floor(Math.random() * 4))).toString(16);
      return word.slice(0, at) + digit + word.slice(at + 1);
    };
    return between(side("medecin_conseil", a, b), side("assure", b, a), turned);
  },
  async one_message_lost() {
    const [a, b] = [random(), random()];
    let left = 1 + Math.floor(Math.random() * 3);
    return between(side("medecin_conseil", a, b), side("assure", b, a), (word) => --left ? word : "");
  },
  async the_nonce_of_an_earlier_exchange() {
    const [a, b, history] = [random(), random(), new History()];
    const [, first] = await between(side("medecin_conseil", a, b, { history }), side("assure", b, a));
    const again = side("medecin_conseil", a, b, { history });
    return between(again, side("assure", b, a, { nonce: first.nonce }));
  },
  async ones_own_nonce_sent_back() {
    const [a, b, nonce] = [random(), random(), random()];
    const doctor = side("medecin_conseil", a, b, { nonce });
    return between(doctor, side("assure", b, a, { nonce }));
  },
  async two_of_the_same_role() {
    const [a, b] = [random(), random()];
    return between(side("medecin_conseil", a, b), side("medecin_conseil", b, a));
  },
  async no_certificate_on_either_side() {
    return between(side("medecin_conseil", NONE, NONE), side("assure", NONE, NONE));
  },
};

/** What one side hears that can only end without a code. */
const REFUSED = {
  silence: [],
  malformed: ["code commit abc"],
  empty: [""],
  another_kind: [`code hello ${ZERO}`],
  upper_case: [`code nonce ${"A".repeat(64)}`, `code commit ${"A".repeat(64)}`],
  too_long: [`code nonce ${"0".repeat(65)}`, `code commit ${"0".repeat(4096)}`],
  line_feed: [`code nonce ${ZERO}\n`, `code commit ${ZERO}\n`],
  reveal_first: [`code reveal ${ZERO}`],
  given_up: ["code fail"],
};

function count(table, [doctor, assure]) {
  const codes = [doctor.code, assure.code];
  const both = codes.every(Boolean);
  if (both) table[codes[0] === codes[1] ? "same" : "different"]++;
  else table[codes.some(Boolean) ? "one_side" : "none"]++;
  if (codes.some((code) => code && !/^\d{5}$/.test(code))) table.malformed++;
}

const report = { honest: {}, attacks: {}, refused: {}, vectors: [], most: 0, once: {} };
for (const [group, ways] of [["honest", HONEST], ["attacks", ATTACKS]]) {
  for (const [name, way] of Object.entries(ways)) {
    const table = (report[group][name] = { same: 0, different: 0, one_side: 0, none: 0, malformed: 0 });
    for (let i = 0; i < TRIALS; i++) count(table, await way());
  }
}
for (const [name, words] of Object.entries(REFUSED)) {
  const ends = [];
  for (const role of ["medecin_conseil", "assure"]) {
    for (const word of words.length ? words : [null]) {
      const end = await against({ role, local: A, remote: B }, ...(word === null ? [] : [word]));
      ends.push({ role, code: end.code, failure: end.failure });
    }
  }
  report.refused[name] = ends;
}
for (let i = 0; i < 200; i++) {
  const [a, b] = [random(), random()];
  const [doctor, assure] = await between(side("medecin_conseil", a, b), side("assure", b, a));
  const all = [a, doctor.nonce, b, assure.nonce].map(hex);
  report.vectors.push([...all, doctor.code, (await side("medecin_conseil", a, b, { nonce: doctor.nonce }).begin())]);
}
// One page makes so many exchanges and no more.
const history = new History();
while (!side("assure", A, B, { history }).failure) report.most++;
report.limit = MAX_EXCHANGES;
// A message after the last one takes the code away again.
const doctor = side("medecin_conseil", A, B);
const [, assure] = await between(doctor, side("assure", B, A));
report.once.before = assure.code === doctor.code && assure.code.length;
await assure.take(`code reveal ${hex(bytes(ZERO))}`);
report.once.after = assure.code;
// A browser that shows no certificate: the fingerprint it keeps, if that is one.
const line = (name, byte) => `a=fingerprint:${name} ${Array(32).fill(byte).join(":")}\r\n`;
const kept = (sdp) => ({
  sctp: { transport: {} }, getTransceivers: () => [], currentRemoteDescription: { sdp },
});
report.fallback = {};
for (const [name, sdp] of Object.entries({
  one: `v=0\r\n${line("sha-256", "0a")}`,
  one_twice: line("sha-256", "0a") + line("SHA-256", "0A"),
  two: line("sha-256", "0a") + line("sha-256", "0b"),
  another_algorithm_too: line("sha-256", "0a") + line("md5", "0a"),
  another_algorithm: line("sha-1", "0a"),
  none: "v=0\r\n",
})) {
  const found = await remoteFingerprint(remoteCertificate(kept(sdp)));
  report.fallback[name] = found ? hex(found) : null;
}
const shows = (...ders) => ({
  sctp: { transport: transport(ders[0]) },
  getTransceivers: () => ders.map((der) => ({ sender: { transport: transport(der) }, receiver: {} })),
});
const transport = (der) => ({ getRemoteCertificates: () => (der ? [der.buffer] : []) });
report.shown = {
  one: Boolean(remoteCertificate(shows(A, A))),
  two: Boolean(remoteCertificate(shows(A, B))),
  none: Boolean(remoteCertificate(shows(null))),
  no_channel: Boolean(remoteCertificate({ sctp: null, getTransceivers: () => [] })),
};
console.log(JSON.stringify(report));
