// Printed from the *messages.py of server/web by `make types`: change that file, not this one.

import type { Entry } from "./protocol";

/** Why something was refused: `code` for programs, `message` for people. */
export interface Problem {
  code: string;
  message: string;
  field: string | null;
  retry_after: number | null;
  first_date: string | null;
}

/** The body of every answer that is not 2xx. */
export interface Failure {
  error: Problem;
}

/** An RTCIceServer. */
export interface IceServer {
  urls: string[];
  username: string;
  credential: string;
}

/** What opens one room for one person: give `token` to the socket before `expires_in` s. */
export interface RoomAccess {
  room: string;
  token: string;
  expires_in: number;
  ice_servers: IceServer[];
  ice_policy: "all" | "relay";
  salle: string;
}

/** The secret of a join link (its URL fragment). */
export interface Link {
  link: string;
}

/** POST /api/assure/session: the link and the code received by SMS. */
export interface Entering {
  link: string;
  code: string;
}

/** The text to be read before entering; `version` and its hash go on the record. */
export interface Information {
  version: string;
  paragraphs: string[];
  accepted: boolean;
}

/** What the assuré sees of the appointment, after the second factor only. */
export interface Appointment {
  start: string;
  timezone: string;
  duration_minutes: number;
  caisse: string;
  helpline: string;
  doctor_name: string;
  doctor_function: string;
}

/** An open session of the assuré: all the page needs, in one answer. */
export interface Visit {
  appointment: Appointment;
  information: Information;
  access: RoomAccess;
  writes: boolean;
}

/** An in-person appointment: where, and when. It names nobody. */
export interface Place {
  start: string;
  timezone: string;
  zone: string;
  minutes: number;
  name: string;
  address: string;
  access: string;
  hours: string;
}

/** What the assuré has said behind this link: that it was said, never what. */
export interface Said {
  acknowledged: boolean;
  needs: boolean;
  justification: "" | "acceptee" | "deposee" | "refusee";
}

/** POST /api/assure/lien: where the appointment stands; changes nothing. */
export interface LinkState {
  access: "annule" | "inconnu" | "ouvert" | "presentiel" | "refuse" | "reporte" | "termine" | "trop_tard" | "trop_tot";
  helpline: string;
  at: string | null;
  timezone: string;
  opens_in: number | null;
  in_person: boolean;
  start: string | null;
  minutes: number;
  zone: string;
  said: Said;
  place: Place | null;
  attestation: boolean;
  visit: Visit | null;
}

/** POST /api/assure/code: a code was sent by SMS (or one sent just before still holds). */
export interface CodeSent {
  expires_in: number;
  resend_in: number;
}

/** POST /api/assure/information: this version of the text was read and accepted. */
export interface Consent {
  version: string;
}

/** POST /api/assure/presentiel or /refus: in-person it will be; the visio is over. */
export interface InPersonRequested {
  at: string;
}

/** GET /api/assure/choix: what the forms of the space offer; the same for everybody. */
export interface SpaceChoices {
  reasons: Choice[];
  needs: Choice[];
  document_bytes: number;
}

/** POST /api/assure/besoins: codes of SpaceChoices.needs; none takes them back. */
export interface Needs {
  link: string;
  needs: string[];
}

/** POST /api/verification/reponse: the message is ours, and says this. */
export interface Genuine {
  caisse: string;
  helpline: string;
  access: "annule" | "inconnu" | "ouvert" | "presentiel" | "refuse" | "reporte" | "termine" | "trop_tard" | "trop_tot";
  start: string;
  timezone: string;
  zone: string;
  minutes: number;
  place: Place | null;
}

/** POST /api/verification: the short code of a message, as it was typed. */
export interface VerificationAsked {
  code: string;
}

/** POST /api/verification/reponse: the same, and the code that came by SMS. */
export interface VerificationAnswered {
  code: string;
  sms: string;
}

/** POST /api/console/session: the secret of a login link (its URL fragment), and the code of */
export interface Login {
  login: string;
  code: string | null;
}

/** GET /api/connexion/{console, agent}: by a provider (its button says `label`), or by links. */
export interface LoginWay {
  mode: "local" | "oidc";
  label: string;
}

/** POST /api/connexion/{console, agent}: where to send this browser. */
export interface LoginStart {
  url: string;
}

/** DELETE …/session where the provider has a session too: where it is closed. */
export interface LoggedOut {
  next: string;
}

/** Who is logged in on the console. */
export interface Doctor {
  id: string;
  name: string;
  function: string;
  caisse: string;
}

/** An open console: who, and the token of the `/console` namespace (renewed by GET). */
export interface ConsoleSession {
  doctor: Doctor;
  token: string;
  expires_in: number;
}

/** GET /api/console/connexions (demo only): the ready-made logins of the demo. */
export interface LoginOffer {
  doctors: Doctor[];
  links: string[];
}

/** POST /api/console/telecontroles/{id}/identite. */
export interface IdentityCheck {
  mode: "connu" | "franceconnect" | "piece_montree";
  verified: boolean;
}

/** One option of the outcome form. */
export interface Choice {
  code: string;
  label: string;
  date: boolean;
  category: boolean;
  sequelae: boolean;
  announcement: boolean;
}

/** What the facts suggest; a person decides. Never an unjustified absence. */
export interface Proposal {
  qualification: string;
  label: string;
  reasons: string[];
}

/** A stretch of time; `estimated`: its end was not seen but deduced (crash, power loss). */
export interface Interval {
  start: string;
  end: string | null;
  estimated: boolean;
}

/** A third participant, by seat and what they were there for: connected, and taking part. */
export interface ThirdPresence {
  seat: string;
  label: string;
  connected: Interval[];
  took_part: Interval[];
}

/** Who was there, from the facts on record. Durations in seconds. */
export interface Presence {
  assure: Interval[];
  doctor: Interval[];
  together_with_media: Interval[];
  held: Interval[];
  assure_seconds: number;
  doctor_seconds: number;
  waiting_seconds: number;
  together_seconds: number;
  held_seconds: number;
  interruptions: number;
  thirds: ThirdPresence[];
}

/** One line of the chain, as the console shows it. */
export interface Fact {
  seq: number;
  at: string;
  kind: string;
  label: string;
  role: string | null;
  source: string;
}

/** POST /api/console/telecontroles/{id}/issue. */
export interface OutcomeForm {
  qualification: string;
  conclusion: string;
  date: string | null;
  category: number | null;
  sequelae: boolean | null;
  announced: boolean | null;
  announced_at: string | null;
  correction_reason: string | null;
  early_reason: string | null;
}

/** A signed, sealed version of the outcome. */
export interface Outcome {
  version: number;
  qualification: string;
  qualification_label: string;
  conclusion: string;
  conclusion_label: string;
  date: string | null;
  category: number | null;
  sequelae: boolean | null;
  correction_reason: string | null;
  correction_label: string | null;
  early_reason: string | null;
  early_label: string | null;
  announced: boolean | null;
  announced_at: string | null;
  signed_by: string;
  signed_at: string;
}

/** One thing that must be so before somebody can be said to be absent without reason. */
export interface Condition {
  label: string;
  met: boolean;
}

/** Somebody tried to phone the assuré; `by`: the médecin-conseil or the caisse. */
export interface Attempt {
  at: string;
  result: string;
  by: "caisse" | "medecin_conseil";
}

/** Nobody came: what was tried, and until when there is to wait (row OP-12). */
export interface Absence {
  grace_ends: string;
  phone: string;
  attempts: Attempt[];
  results: Choice[];
}

/** Why the assuré cannot, or could not, come: the true reason is the service médical's alone. */
export interface JustificationGiven {
  id: string;
  reason: string;
  submitted: string;
  state: "" | "acceptee" | "deposee" | "refusee";
  state_label: string;
  document: boolean;
}

/** The télécontrôle that replaces this one. */
export interface NextAppointment {
  start: string;
  timezone: string;
}

/** The last equipment test, as the service's people read it; it counts against nobody. */
export interface EquipmentShown {
  colour: "a_surveiller" | "echec" | "pret";
  label: string;
  at: string;
  remarks: string[];
  details: string[];
}

/** GET /api/console/telecontroles/{id}: all that the console's side panel shows. */
export interface Detail {
  entry: Entry;
  presence: Presence;
  proposal: Proposal;
  qualifications: Choice[];
  conclusions: Choice[];
  correction_reasons: Choice[];
  early_reasons: Choice[];
  outcomes: Outcome[];
  facts: Fact[];
  outcome_blocked: string;
  absence_conditions: Condition[];
  absence: Absence | null;
  justifications: JustificationGiven[];
  place: Place | null;
  next_appointment: NextAppointment | null;
  equipment: EquipmentShown | null;
}

/** A médecin-conseil, as an agent chooses one. */
export interface Named {
  id: string;
  name: string;
}

/** Where somebody can be received in person; `kind` visio_accompagnee: a booth. */
export interface SiteOption {
  id: string;
  name: string;
  address: string;
  access: string;
  hours: string;
  kind: string;
}

/** GET or POST /api/agent/session: who is logged in, and what the forms offer. */
export interface AgentSession {
  id: string;
  name: string;
  caisse: string;
  timezone: string;
  today: string;
  first_date: string;
  slot_minutes: number;
  doctors: Named[];
  sites: SiteOption[];
  contexts: Choice[];
  languages: Choice[];
  call_results: Choice[];
  silent_channels: string[];
}

/** POST /api/agent/telecontroles, and a line of an import. Whom `reference` names already keeps */
export interface PlanForm {
  civility: string;
  name: string;
  context: string;
  doctor: string;
  start: string;
  mail: string;
  phone: string;
  address: string;
  language: string;
  reference: string;
  minutes: number | null;
}

/** POST …/deplacer: another date, and another médecin-conseil if one is named. */
export interface MoveForm {
  start: string;
  doctor: string | null;
}

/** POST …/reaffecter: same hour, another médecin-conseil: no message leaves. */
export interface ReassignForm {
  doctor: string;
}

/** POST …/coordonnees: corrected; what was not delivered is sent again to what changed. */
export interface ContactForm {
  mail: string | null;
  phone: string | null;
  address: string | null;
  language: string | null;
}

/** POST …/renvoyer: the convocation once more, by one channel, while it is not too late. */
export interface ResendForm {
  channel: "courriel" | "sms";
}

/** POST …/appels: somebody tried to phone. */
export interface CallForm {
  result: "joint" | "numero_invalide" | "repondeur" | "sans_reponse";
}

/** A person accepts or refuses what was given as a reason; the address says which. */
export interface DecisionForm {
  decision: "accepter" | "refuser";
}

/** POST …/justification: the same, of the one that this agent has read (its id). */
export interface ReasonDecided {
  justification: string;
  decision: "accepter" | "refuser";
}

/** POST …/presentiel: where and when. */
export interface InPersonForm {
  site: string;
  start: string;
  minutes: number | null;
  doctor: string | null;
}

/** POST /api/agent/medecins/{id}/absences: away between two local hours. */
export interface AbsenceForm {
  start: string;
  end: string;
}

/** A free half-hour: the local hour to send back, and the instant. */
export interface Slot {
  start: string;
  at: string;
}

/** GET /api/agent/creneaux?medecin=&de=&minutes=: free, and far enough ahead. */
export interface Slots {
  slots: Slot[];
  first_date: string;
}

/** Something a person has to do. */
export interface Task {
  kind: string;
  label: string;
  created: string;
}

/** The in-person way out: asked for, then given a date. */
export interface InPerson {
  origin: string;
  origin_label: string;
  requested: string;
  appointment: string | null;
  start: string | null;
  minutes: number | null;
  site: SiteOption | null;
  doctor: Named | null;
}

/** One télécontrôle in the agent's list. */
export interface Planned {
  id: string;
  code: string;
  reference: string;
  assure: string;
  start: string;
  timezone: string;
  minutes: number;
  context: string;
  doctor: Named;
  state: string;
  state_label: string;
  delivery: "en_cours" | "non_remise" | "partielle" | "remise";
  acknowledged: boolean;
  needs: string[];
  justification: "" | "acceptee" | "deposee" | "refusee";
  in_person: "" | "a_fixer" | "fixe";
  in_person_start: string | null;
  tasks: Task[];
}

/** GET /api/agent/telecontroles?de=&a=&medecin=&etat=&remise=&taches=&q=&page= */
export interface PlannedList {
  items: Planned[];
  total: number;
  page: number;
  pages: number;
}

/** A médecin-conseil is away from `start` to `end`. */
export interface AbsenceShown {
  id: string;
  start: string;
  end: string;
}

/** GET /api/agent/medecins/{medecin}/absences: those that are not over. */
export interface AbsenceList {
  items: AbsenceShown[];
  timezone: string;
}

/** One message and where it stands. */
export interface Message {
  id: string;
  kind: string;
  kind_label: string;
  channel: string;
  channel_label: string;
  to: string;
  state: string;
  state_label: string;
  due: string;
  until: string | null;
  sent: string | null;
  delivered: string | null;
  tries: number;
  reason: string;
  version: string;
  telecontrole: string;
  assure: string;
}

/** GET …/messages/{envoi}: the exact words, without the secret of the link. */
export interface MessageText {
  subject: string;
  text: string;
  version: string;
}

/** Something that happened, in words. */
export interface HistoryLine {
  at: string;
  label: string;
  detail: string;
}

/** What an agent sees of it: never the reason itself when it belongs to the service médical. */
export interface JustificationShown {
  id: string;
  reason: string;
  submitted: string;
  state: string;
  document: boolean;
  decidable: boolean;
}

/** GET /api/agent/telecontroles/{id} */
export interface PlannedDetail {
  planned: Planned;
  mail: string;
  phone: string;
  address: string;
  language: string;
  messages: Message[];
  history: HistoryLine[];
  justifications: JustificationShown[];
  in_person: InPerson | null;
  previous: string | null;
  next: string | null;
  actions: string[];
  equipment: EquipmentShown | null;
}

/** GET /api/agent/envois?etat=&canal=&genre=&page= */
export interface MessageList {
  items: Message[];
  total: number;
  page: number;
  pages: number;
}

/** GET /api/agent/progression: what is due now, and how far it is. */
export interface Progress {
  waiting: number;
  sending: number;
  sent_today: number;
  failed: number;
  expired: number;
  oldest_due: string | null;
}

/** What is wrong with one field of one line. */
export interface LineError {
  field: string;
  code: string;
  message: string;
}

/** One line of an import; `id` once it is planned. */
export interface LineReport {
  line: number;
  accepted: boolean;
  id: string | null;
  errors: LineError[];
}

/** POST /api/agent/import?tout_ou_rien=1&essai=1 (text/csv or application/json). */
export interface ImportReport {
  accepted: number;
  refused: number;
  applied: boolean;
  lines: LineReport[];
}

/** GET or POST /api/console/telecontroles/{id}/presentiel: what is fixed, what could be. */
export interface InPersonChoices {
  requested: boolean;
  timezone: string;
  booked: Place | null;
  sites: SiteOption[];
  slots: Slot[];
}

/** POST …/presentiel: one of the hours that were proposed. */
export interface InPersonChosen {
  site: string;
  start: string;
}

/** Another médecin-conseil of the service, as they are at this moment. */
export interface Colleague {
  id: string;
  name: string;
  function: string;
  online: boolean;
  in_call: boolean;
  waiting: number;
}

/** GET /api/console/telecontroles/{id}/transfert: to whom, and why, it may be handed over. */
export interface TransferChoices {
  possible: boolean;
  online_only: boolean;
  colleagues: Colleague[];
  reasons: Choice[];
}

/** POST …/transfert: it is that colleague's from now on. */
export interface TransferForm {
  doctor: string;
  reason: "absence" | "competence" | "deport" | "retard" | "technique";
}

/** POST /api/assure/attestation, with the session of this link: the document itself. */
export interface AttestationAsked {
  link: string;
  form: "html" | "json" | "pdf";
}

/** POST /api/attestation: for browsers that cannot verify an Ed25519 signature themselves. */
export interface TokenToVerify {
  token: string;
}

/** `reason` in a sentence; empty: a key of this service signed it. */
export interface TokenVerified {
  genuine: boolean;
  reason: string;
}

/** POST /api/assure/obstacle: why this page could not open the camera or the microphone. */
export interface Obstacle {
  cause: "absent" | "ignore" | "incompatible" | "interrompu" | "introuvable" | "occupe" | "refuse" | "securite" | "systeme" | "technique";
}

/** POST /api/assure/materiel/acces: by the code that was sent, a pass, or the session. */
export interface EquipmentLink {
  link: string;
  code: string;
  access: string;
}

/** What the network's test needs. */
export interface EquipmentAccess {
  access: string;
  expires_in: number;
  ice_servers: IceServer[];
  echo_seconds: number;
}

/** POST /api/assure/materiel/echo: a complete offer, without trickling. */
export interface EchoOffer {
  link: string;
  sdp: string;
  access: string;
}

/** A line of its answer: how many come before; at last the description, or why there is none. */
export interface EchoLine {
  before: number | null;
  answer: string | null;
  error: Problem | null;
}

/** What was tried, and how it went, as codes. */
export interface EquipmentParts {
  navigateur: "incompatible" | "ok" | "partiel";
  camera: "faible" | "introuvable" | "non_teste" | "occupe" | "ok" | "panne" | "refuse";
  micro: "faible" | "introuvable" | "non_teste" | "occupe" | "ok" | "panne" | "refuse";
  haut_parleur: "non_entendu" | "non_teste" | "ok";
  reseau: "aucun" | "faible" | "mauvais" | "non_teste" | "ok";
  echo: "echec" | "non_teste" | "occupe" | "ok" | "partiel";
  chemin: "direct" | "inconnu" | "relais";
  udp: boolean | null;
  tcp: boolean | null;
  tls: boolean | null;
}

/** POST /api/assure/materiel/verdict: the last one is kept, with the appointment. */
export interface EquipmentVerdict {
  link: string;
  colour: "a_surveiller" | "echec" | "pret";
  parts: EquipmentParts;
  access: string;
  up_kbps: number | null;
  down_kbps: number | null;
  loss_percent: number | null;
  rtt_ms: number | null;
}

/** PUT /api/console/telecontroles/{id}/note: the text as it is now, and the revision that it */
export interface NoteForm {
  text: string;
  revision: number;
}

/** One version: whose, and when it was written last. */
export interface NoteVersion {
  version: number;
  author: string;
  at: string;
}

/** GET …/note/versions/{version}: a former version. */
export interface NoteText {
  version: number;
  author: string;
  at: string;
  text: string;
}

/** GET or PUT …/note: the last version, and what there was before it. */
export interface Note {
  text: string;
  revision: number;
  version: number;
  author: string;
  saved: string | null;
  sealed: boolean;
  characters: number;
  before: NoteVersion[];
}

/** Invite somebody to a télécontrôle, by what they are there for. */
export interface ThirdForm {
  kind: "interprete" | "interprete_lsf" | "medecin_assistant" | "proche";
}

/** A new invitation. `link` and `code` are shown this once; each goes its own way. */
export interface ThirdInvited {
  id: string;
  kind: "interprete" | "interprete_lsf" | "medecin_assistant" | "proche";
  link: string;
  code: string;
  until: string;
}

/** An invitation that was made. */
export interface ThirdInvitation {
  id: string;
  kind: "interprete" | "interprete_lsf" | "medecin_assistant" | "proche";
  created: string;
  by: "agent" | "medecin_conseil";
  revoked: boolean;
  entered: boolean;
  locked: boolean;
}

/** All of one télécontrôle; `needs`: whom the assuré has announced to need. */
export interface ThirdList {
  invitations: ThirdInvitation[];
  most: number;
  needs: ("interprete" | "interprete_lsf" | "medecin_assistant" | "proche")[];
}

/** POST /api/tiers/lien: the secret of an invitation (its URL fragment). */
export interface ThirdKnock {
  link: string;
}

/** POST /api/tiers/session: the link, and the code that was told by another way. */
export interface ThirdEntering {
  link: string;
  code: string;
}

/** POST /api/tiers/information: the version that was read. */
export interface ThirdConsent {
  version: string;
}

/** An open session of a third participant. It says nothing about the assuré. */
export interface ThirdVisit {
  kind: "interprete" | "interprete_lsf" | "medecin_assistant" | "proche";
  start: string;
  timezone: string;
  minutes: number;
  doctor_name: string;
  doctor_function: string;
  helpline: string;
  information: Information;
  access: RoomAccess;
}

/** Where the appointment of an invitation stands; changes nothing, and names nobody. */
export interface ThirdLink {
  access: "annule" | "inconnu" | "ouvert" | "presentiel" | "refuse" | "reporte" | "termine" | "trop_tard" | "trop_tot";
  helpline: string;
  kind: "interprete" | "interprete_lsf" | "medecin_assistant" | "proche" | "";
  start: string | null;
  timezone: string;
  opens_in: number | null;
  visit: ThirdVisit | null;
}
