// What a first version of a video call looks like: all at « join », and nothing for a bad day.

const state = document.querySelector("p");
const video = document.querySelector("video");

async function join() {
  performance.mark("tc:admit-sent");
  const { iceServers } = await (await fetch("ice")).json();
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: true,
    video: { width: 640, height: 480 },
  });
  const socket = new WebSocket(`wss://${location.host}/relay`);
  const pc = new RTCPeerConnection({ iceServers });
  const say = (what) => socket.send(JSON.stringify(what));
  for (const track of stream.getTracks()) pc.addTrack(track, stream);
  pc.onicecandidate = ({ candidate }) => candidate && say({ candidate });
  pc.ontrack = ({ streams }) => {
    if (video.srcObject === streams[0]) return;
    video.srcObject = streams[0];
    video.requestVideoFrameCallback(() => performance.mark("tc:first-frame"));
  };
  socket.onopen = () => (state.textContent = "joined");
  socket.onmessage = async ({ data }) => {
    const { joined, description, candidate } = JSON.parse(data);
    if (joined) await pc.setLocalDescription();
    if (joined) say({ description: pc.localDescription });
    if (description) {
      await pc.setRemoteDescription(description);
      if (description.type !== "offer") return;
      await pc.setLocalDescription();
      say({ description: pc.localDescription });
    }
    if (candidate) await pc.addIceCandidate(candidate).catch(() => undefined);
  };
}

document.querySelector("button").onclick = () => void join();
