// The time of a client to connect and receive a response while other peers hold unauthenticated connections or keep opening
// new ones; and how long the server keeps those.
import { connect } from "node:net";
import { sshTransport } from "../../../runtime/dist/compose/ssh-transport.js";
import { listen } from "../../../runtime/dist/ssh/server/listen.js";
import { generateKeyPair } from "../../../runtime/dist/testing.js";
import { quantile, table } from "../../measure.js";

const HELD = 300;
const ROUNDS = 20;
const GRACE = 10_000;
/** The most failed attempts of one row: a benchmark that cannot connect must end. */
const MAX_FAILED = 100;

const [host, alice] = [generateKeyPair(), generateKeyPair()];
const rows = [["", "connected and answered, ms: median", "at worst", "attempts that failed", "held afterwards"]];
await measure("no other connections", () => []);
await measure(`${HELD} that say nothing`, (port) => hold(port, ""));
await measure(`${HELD} that say hello`, (port) => hold(port, "SSH-2.0-sleeper\r\n"));
await measure("200 new ones a second, held", (port) => flood(port));
table(`logging in under attack (${ROUNDS} times, loginGrace ${GRACE} ms)`, rows);
process.exit(0);

async function measure(name, attack) {
  const listener = await listen(
    {
      port: 0,
      hostKeys: { privateKey: host.privateKey },
      authorizedKeys: { lines: [alice.publicKey] },
      loginGrace: GRACE,
    },
    [
      {
        name: "echo",
        match: ({ kind }) => kind === "subsystem",
        run: ({ stream }) => void stream.on("error", () => {}).pipe(stream),
      },
    ],
  );
  const sockets = attack(listener.port);
  const transport = sshTransport(`ssh://alice@127.0.0.1:${listener.port}`, {
    identity: { privateKey: alice.privateKey },
    hostKey: listener.fingerprints[0],
  });
  const times = [];
  let failed = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (;;) {
      const duplex = await transport.open().catch((error) => error);
      if (duplex instanceof Error) {
        if (++failed > MAX_FAILED) throw duplex;
        continue;
      }
      duplex.write("x");
      await new Promise((resolve) => duplex.once("data", resolve));
      duplex.destroy();
      break;
    }
    times.push(performance.now() - start);
  }
  clearInterval(sockets.timer);
  await new Promise((resolve) => setTimeout(resolve, sockets.length === 0 ? 0 : GRACE + 1000));
  const held = sockets.filter((socket) => !socket.destroyed).length;
  rows.push([name, quantile(times, 0.5).toFixed(0), Math.max(...times).toFixed(0), failed, held]);
  for (const socket of sockets) socket.destroy();
  await listener.close();
}

function hold(port, first) {
  return Array.from({ length: HELD }, () => open(port, first));
}

function flood(port) {
  const sockets = [];
  const timer = setInterval(() => sockets.push(open(port, "SSH-2.0-flood\r\n")), 5);
  return Object.assign(sockets, { timer });
}

function open(port, first) {
  const socket = connect(port, "127.0.0.1", () => socket.write(first));
  return socket.on("error", () => {}).resume();
}
