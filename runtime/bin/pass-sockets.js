// Started by a running server (cli/takeover/successors.ts) for its successor. Node passes descriptors on an IPC channel alone, and a
// channel exists between a process and its child alone: here the connection of the successor, descriptor 3, is the channel. Further
// descriptors are the sockets that listen; the arguments name them.
import { createServer } from "node:net";
import process from "node:process";

const names = process.argv.slice(2);
const FIRST = 4;

let sent = 0;

process.on("message", ({ type }) => {
  if (type === "ready") process.stdout.write("ready\n");
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

// The server has released the path of its control socket.
process.stdin.once("data", () => process.send({ type: "released" }, () => process.exit()));
process.stdin.once("end", () => process.exit(1));
process.once("disconnect", () => process.exit(1));
