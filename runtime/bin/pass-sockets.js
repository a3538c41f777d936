// Started by a running server (cli/takeover/successors.ts) for its successor. Node passes descriptors on an IPC channel alone, and a
// channel exists between a process and its child alone: here the connection of the successor, descriptor 3, is the channel. Further
// descriptors are the sockets that listen; the arguments name them.
import { createServer } from "node:net";
import process from "node:process";

const names = process.argv.slice(2);
const FIRST = 4;

/** Milliseconds for the successor to serve after the server has died. */
const PATIENCE = 60_000;

let sent = 0;
let isReady = false;
let isReleased = false;

// The server has released the path of its control socket, or it has died: then its successor is the only one that can serve. This process
// keeps the sockets open until the successor does.
function release() {
  isReleased = true;
  if (isReady) process.send({ type: "released" }, () => process.exit());
  else setTimeout(() => process.exit(1), PATIENCE);
}

process.on("message", ({ type }) => {
  if (type === "ready") {
    isReady = true;
    if (isReleased) release();
    else process.stdout.write("ready\n");
  }
  if (type !== "next") return;
  const name = names[sent];
  if (name === undefined) {
    process.send({ type: "listening" });
    return;
  }
  // One at a time: Node would send a second handle in a later turn. In this one, no connection is accepted here.
  const server = createServer().listen({ fd: FIRST + sent });
  process.send({ type: "socket", name }, server._handle);
  server.close();
  sent += 1;
});

process.stdout.on("error", () => undefined);
process.stdin.once("data", release);
process.stdin.once("end", () => isReleased || release());
process.once("disconnect", () => process.exit(1));
