// Socket.IO's own server with a minimal relay: `node relay.mjs`. WebSocket only, as it is otherwise.
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, { transports: ["websocket"] });

io.on("connection", (socket) => {
  const room = socket.handshake.auth.token;
  socket.join(room);
  socket.onAny((event, ...data) => {
    const answer = typeof data.at(-1) === "function" ? data.pop() : undefined;
    socket.to(room).emit(event, ...data);
    answer?.({ ok: true });
  });
});

http.listen(0, "127.0.0.1", 511, () => console.log(http.address().port));
