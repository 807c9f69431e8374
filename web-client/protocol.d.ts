// Printed from signaling/protocol.py by `make types`: change that file, not this one.

/** What a client hands over in Socket.IO's CONNECT of the room namespace `/`. */
export interface Auth {
  token: string;
  instance: string;
}

/** What a console hands over in CONNECT of the namespace `/console`. */
export interface ConsoleAuth {
  token: string;
}

/** An event that says all by its name. */
export type Empty = Record<string, never>;

/** An SDP offer (médecin-conseil only) or answer (assuré only). */
export interface Description {
  sdp: string;
  negotiation: number;
  fresh: boolean;
}

/** A trickled ICE candidate; an empty `candidate` says that there are no more. */
export interface Candidate {
  negotiation: number;
  candidate: string;
  sdp_mid: string | null;
  sdp_m_line_index: number | null;
  username_fragment: string | null;
}

/** The assuré's page asks the offering side for an ICE restart, or for a new connection. */
export interface Renegotiate {
  reason: "disconnected" | "failed" | "fresh" | "network";
}

/** What the sender's microphone and camera do now. */
export interface Devices {
  microphone: boolean;
  camera: boolean;
  missing: "" | "camera" | "microphone";
  virtual: boolean;
}

/** Who is with the sender, out of the picture too: one role for each person; empty: nobody. */
export interface Company {
  others: ("autre" | "interprete" | "proche" | "soignant")[];
}

/** One side's word on the media path; kept for the record as that side's claim. */
export interface Media {
  state: "flowing" | "lost" | "ready";
  cause: "" | "closed" | "disconnected" | "failed" | "network";
  continuous: boolean;
  path: "" | "direct" | "relayed";
}

/** One side's word on the spoken code; kept for the record as that side's claim. */
export interface SpokenCode {
  result: "different" | "identical" | "shown" | "unavailable";
  local: string;
  remote: string;
}

/** What the médecin-conseil saw of the challenge; nothing follows from it by itself. */
export interface ChallengeResult {
  result: "done" | "not_done" | "not_offered";
}

/** The assuré's page shows a frame to hold a document in, or no longer. */
export interface Framing {
  on: boolean;
}

/** The sender pauses the consultation (nobody sends sound or picture), or resumes it. */
export interface Hold {
  on: boolean;
}

/** The médecin-conseil is late by about so many minutes; 0 takes it back. */
export interface Delay {
  minutes: number;
}

/** Admit the third participant of this seat, or see them out of the room. */
export interface ThirdNamed {
  seat: "tiers1" | "tiers2";
}

/** The assuré does not want this third participant in, or takes that back. */
export interface ThirdObjection {
  seat: "tiers1" | "tiers2";
  objects: boolean;
}

/** An offer or answer between a third participant and anybody else; `Description` tells more. */
export interface ThirdDescription {
  to: "assure" | "medecin_conseil" | "tiers1" | "tiers2";
  sdp: string;
  negotiation: number;
  fresh: boolean;
}

/** A candidate between a third participant and anybody else; `Candidate` tells more. */
export interface ThirdCandidate {
  to: "assure" | "medecin_conseil" | "tiers1" | "tiers2";
  negotiation: number;
  candidate: string;
  sdp_mid: string | null;
  sdp_m_line_index: number | null;
  username_fragment: string | null;
}

/** The answering side of a pair asks the offering one for a restart or a new connection. */
export interface ThirdRenegotiate {
  to: "assure" | "medecin_conseil" | "tiers1" | "tiers2";
  reason: "disconnected" | "failed" | "fresh" | "network";
}

/** One person's place in the room. */
export interface Seat {
  presence: "absent" | "left" | "lost" | "present";
  since: string | null;
  instance: string | null;
  microphone: boolean;
  camera: boolean;
  missing: "" | "camera" | "microphone";
  virtual: boolean;
  transport: "flowing" | "lost" | "none" | "ready";
  code: "" | "different" | "identical" | "shown" | "unavailable";
  company: ("autre" | "interprete" | "proche" | "soignant")[] | null;
}

/** A third participant's place in the room: what they are there for, never who they are. */
export interface Third {
  seat: "tiers1" | "tiers2";
  kind: "interprete" | "interprete_lsf" | "medecin_assistant" | "proche";
  presence: "absent" | "left" | "lost" | "present";
  since: string | null;
  instance: string | null;
  admitted: boolean;
  objected: boolean;
  microphone: boolean;
  camera: boolean;
}

/** A third participant and somebody else, between whom an offer was made. */
export interface Pair {
  offers: "assure" | "medecin_conseil" | "tiers1" | "tiers2";
  answers: "assure" | "medecin_conseil" | "tiers1" | "tiers2";
  negotiation: number;
}

/** What the waiting person is told of the médecin-conseil. */
export interface Reception {
  doctor: "absent" | "available" | "busy";
  delay_minutes: number;
  name: string;
  function: string;
}

/** When, by whom and why the room was closed for good; the same for both. */
export interface Ending {
  at: string;
  by: "assure" | "medecin_conseil" | "service";
  reason: "cancelled" | "ended" | "identity" | "in_person" | "refused";
}

/** The in-person appointment that was fixed while somebody is there: the same for both. */
export interface InPerson {
  start: string;
  timezone: string;
  site: string;
  address: string;
}

/** A gesture that the médecin-conseil asks for; the server drew it. */
export interface Challenge {
  kind: "digits" | "fingers" | "hand" | "turn_left" | "turn_right";
  number: string;
}

/** One person's pause, and since when. */
export interface Held {
  by: "assure" | "medecin_conseil";
  since: string;
}

/** The whole room, small enough to be sent at each change; the highest `version` is right. */
export interface RoomState {
  version: number;
  phase: "admitted" | "ended" | "waiting";
  server_time: string;
  assure: Seat;
  medecin_conseil: Seat;
  reception: Reception;
  negotiation: number;
  admitted_at: string | null;
  in_person: InPerson | null;
  challenge: Challenge | null;
  framing: boolean;
  held: Held[];
  ending: Ending | null;
  thirds: Third[];
  pairs: Pair[];
}

/** One relayed message of the negotiation in course, numbered so that it can be sent again. */
export interface Signal {
  seq: number;
  kind: "answer" | "candidate" | "offer";
  description: Description | null;
  candidate: Candidate | null;
}

/** The same between a third participant and anybody else; `seq` grows over all pairs. */
export interface ThirdSignal {
  seq: number;
  source: "assure" | "medecin_conseil" | "tiers1" | "tiers2";
  kind: "answer" | "candidate" | "offer";
  description: Description | null;
  candidate: Candidate | null;
}

/** `source`, to whom you offer, asks for a restart or a new connection. */
export interface ThirdRenegotiation {
  source: "assure" | "medecin_conseil" | "tiers1" | "tiers2";
  reason: "disconnected" | "failed" | "fresh" | "network";
}

/** What every (re)join begins with: who you are, the room, and what was signalled to you. */
export interface Snapshot {
  you: "assure" | "medecin_conseil" | "tiers1" | "tiers2";
  state: RoomState;
  signals: Signal[];
  third_signals: ThirdSignal[];
}

/** The médecin-conseil has seen this third participant out. */
export interface Removed {
  at: string;
}

/** This page's seat was taken over by a newer page of the same person. */
export interface Replaced {
  at: string;
}

/** One télécontrôle on the médecin-conseil's day list. */
export interface Entry {
  id: string;
  version: number;
  start: string;
  opens: string;
  closes: string;
  timezone: string;
  duration_minutes: number;
  context: string;
  assure_name: string;
  status: string;
  phase: "admitted" | "ended" | "waiting";
  assure: Seat;
  doctor: Seat;
  arrived_at: string | null;
  admitted_at: string | null;
  ended_at: string | null;
  identity: "" | "not_confirmed" | "verified";
  clinical_exam: boolean;
  in_person: boolean;
  outcome_version: number;
  needs: string[];
  justification: "" | "acceptee" | "deposee" | "refusee";
  undelivered: boolean;
  equipment: "" | "a_surveiller" | "echec" | "pret";
  thirds: Third[];
}

/** The whole day, on each (re)connection of a console; entries then come one by one. */
export interface Day {
  date: string;
  timezone: string;
  server_time: string;
  delay_minutes: number;
  entries: Entry[];
}

/** What was asked is done and, where it is a fact for the record, durable. */
export interface Accepted {
  ok: true;
  version: number;
}

/** What was asked is not done. `code` is for programs, `message` for people (French). */
export interface Refused {
  code: string;
  message: string;
  ok: false;
}

export type Answer = Accepted | Refused;

export interface ClientToServerEvents {
  offer: (payload: Description, ack: (answer: Answer) => void) => void;
  answer: (payload: Description, ack: (answer: Answer) => void) => void;
  candidate: (payload: Candidate, ack: (answer: Answer) => void) => void;
  renegotiate: (payload: Renegotiate, ack: (answer: Answer) => void) => void;
  admit: (payload: Empty, ack: (answer: Answer) => void) => void;
  send_back: (payload: Empty, ack: (answer: Answer) => void) => void;
  end: (payload: Empty, ack: (answer: Answer) => void) => void;
  leave: (payload: Empty, ack: (answer: Answer) => void) => void;
  devices: (payload: Devices, ack: (answer: Answer) => void) => void;
  company: (payload: Company, ack: (answer: Answer) => void) => void;
  media: (payload: Media, ack: (answer: Answer) => void) => void;
  spoken_code: (payload: SpokenCode, ack: (answer: Answer) => void) => void;
  challenge: (payload: Empty, ack: (answer: Answer) => void) => void;
  challenge_result: (payload: ChallengeResult, ack: (answer: Answer) => void) => void;
  framing: (payload: Framing, ack: (answer: Answer) => void) => void;
  hold: (payload: Hold, ack: (answer: Answer) => void) => void;
  third_admit: (payload: ThirdNamed, ack: (answer: Answer) => void) => void;
  third_remove: (payload: ThirdNamed, ack: (answer: Answer) => void) => void;
  third_object: (payload: ThirdObjection, ack: (answer: Answer) => void) => void;
  third_offer: (payload: ThirdDescription, ack: (answer: Answer) => void) => void;
  third_answer: (payload: ThirdDescription, ack: (answer: Answer) => void) => void;
  third_candidate: (payload: ThirdCandidate, ack: (answer: Answer) => void) => void;
  third_renegotiate: (payload: ThirdRenegotiate, ack: (answer: Answer) => void) => void;
}

export interface ServerToClientEvents {
  snapshot: (payload: Snapshot) => void;
  state: (payload: RoomState) => void;
  signal: (payload: Signal) => void;
  renegotiate: (payload: Renegotiate) => void;
  replaced: (payload: Replaced) => void;
  third_signal: (payload: ThirdSignal) => void;
  third_renegotiate: (payload: ThirdRenegotiation) => void;
  removed: (payload: Removed) => void;
}

export interface ConsoleToServerEvents {
  announce_delay: (payload: Delay, ack: (answer: Answer) => void) => void;
}

export interface ServerToConsoleEvents {
  day: (payload: Day) => void;
  entry: (payload: Entry) => void;
}
