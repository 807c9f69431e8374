// The official client as a subprocess: commands as JSON lines in, what it hears as JSON lines out.
//
// argv: url, the page's instance name. In: {"tokens": […]} first, then {"emit", "payload"}.
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const [url, instance] = process.argv.slice(2);
const tell = (what, more = {}) => process.stdout.write(JSON.stringify({ what, ...more }) + "\n");

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => JSON.parse((await lines.next()).value ?? "null");

const { tokens } = await next();
const socket = io(url, {
  transports: ["websocket"],
  auth: (give) => give({ token: tokens.shift(), instance }),
  reconnectionDelay: 10,
  reconnectionDelayMax: 20,
});
socket.on("connect", () => tell("connect"));
socket.on("connect_error", (error) =>
  tell("connect_error", { message: error.message, code: error.data?.code, active: socket.active }),
);
socket.on("disconnect", (reason) => tell("disconnect", { reason }));
socket.onAny((event, message) => tell(event, { message }));

for (let command = await next(); command; command = await next()) {
  const answer = await socket.timeout(5_000).emitWithAck(command.emit, command.payload);
  tell("answer", { answer });
}
socket.disconnect();
