// Printed from server/web/messages.py by `make types`: change that file, not this one.

import type { Entry } from "./protocol";

/** Why something was refused: `code` for programs, `message` for people. */
export interface Problem {
  code: string;
  message: string;
  field: string | null;
  retry_after: number | null;
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
}

/** POST /api/assure/lien: where the appointment stands; changes nothing. */
export interface LinkState {
  access: "annule" | "inconnu" | "ouvert" | "presentiel" | "refuse" | "reporte" | "termine" | "trop_tard" | "trop_tot";
  helpline: string;
  at: string | null;
  timezone: string;
  opens_in: number | null;
  in_person: boolean;
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

/** POST /api/console/session: the secret of a login link (its URL fragment). */
export interface Login {
  login: string;
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

/** Who was there, from the facts on record. Durations in seconds. */
export interface Presence {
  assure: Interval[];
  doctor: Interval[];
  together_with_media: Interval[];
  assure_seconds: number;
  doctor_seconds: number;
  waiting_seconds: number;
  together_seconds: number;
  interruptions: number;
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
  correction_reason: string | null;
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
  signed_by: string;
  signed_at: string;
}

/** GET /api/console/telecontroles/{id}: all that the console's side panel shows. */
export interface Detail {
  entry: Entry;
  presence: Presence;
  proposal: Proposal;
  qualifications: Choice[];
  conclusions: Choice[];
  outcomes: Outcome[];
  facts: Fact[];
  outcome_blocked: string;
}
