// Put into every page before its own scripts: keeps its peer connections, and looks at them often.

window.__watch = { captures: 0, peers: [], violations: [], samples: [] };

window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...all) {
    super(...all);
    __watch.peers.push(this);
  }
};

const EVERY = 200;

const look = async () => {
  const peer = __watch.peers.length;
  const pc = __watch.peers[peer - 1];
  if (!pc || pc.connectionState === "closed") return;
  const report = await pc.getStats();
  const one = {
    at: performance.timeOrigin + performance.now(), peer, state: pc.connectionState,
    frames: 0, width: 0, samples: 0, concealed: 0, silent: 0, sound: 0, received: 0, sent: 0, came: 0,
    local: "", remote: "", relay: "", rtt: 0,
  };
  let pair;
  for (const stat of report.values()) {
    if (stat.type === "inbound-rtp") {
      one.received += stat.bytesReceived ?? 0;
      if (stat.kind === "audio") one.sound += stat.bytesReceived ?? 0;
      one.frames += stat.framesDecoded ?? 0;
      one.width = Math.max(one.width, stat.frameWidth ?? 0);
      one.samples += stat.totalSamplesReceived ?? 0;
      one.concealed += stat.concealedSamples ?? 0;
      one.silent += stat.silentConcealedSamples ?? 0;
    } else if (stat.type === "transport") {
      // All of it: headers, repairs, the checks of the path.
      one.sent += stat.bytesSent ?? 0;
      one.came += stat.bytesReceived ?? 0;
      pair = report.get(stat.selectedCandidatePairId);
    }
  }
  const local = report.get(pair?.localCandidateId);
  one.local = local?.candidateType ?? "";
  one.relay = local?.relayProtocol ?? "";
  one.remote = report.get(pair?.remoteCandidateId)?.candidateType ?? "";
  one.rtt = pair?.currentRoundTripTime ?? 0;
  __watch.samples.push(one);
};

setInterval(() => void look().catch(() => undefined), EVERY);
