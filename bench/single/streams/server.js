// The server process of the stream benchmark: a Bytes method of sshrpc and a bare ssh2 channel, which send one chunk repeatedly.
import { createServer } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import ssh2 from "ssh2";
import { serveApi } from "../../../runtime/dist/compose/serve.js";
import { serverAlgorithms } from "../../../runtime/dist/ssh/algorithms.js";
import { generateKeyPair } from "../../../runtime/dist/testing.js";
import { streamsApi } from "./api.js";

const [publicKey, bytes] = process.argv.slice(2);
const { privateKey } = generateKeyPair();
const chunk = Buffer.alloc(64 * 1024, 7);

function* chunks() {
  for (let sent = 0; sent < Number(bytes); sent += chunk.length) yield chunk;
}

let ticks = 0;
const ours = await serveApi(
  streamsApi,
  {
    blob: {
      get: async function* () {
        yield* chunks();
      },
    },
    tick: {
      get: async function* (_request, ctx) {
        while (!ctx.signal.aborted) {
          yield ticks++;
          await new Promise((resolve) => setTimeout(resolve, 1000));
        }
      },
    },
    echo: { get: (request) => request },
  },
  { port: 0, hostKeys: { privateKey }, authorizedKeys: { lines: [publicKey] }, log: false, limits: { calls: 4096 } },
);

const bare = new ssh2.Server({ hostKeys: [privateKey], algorithms: serverAlgorithms() }, (client) => {
  client.on("error", () => undefined);
  client.on("authentication", (attempt) => attempt.accept());
  client.on("session", (accept) => {
    accept().on("subsystem", (accept) => void pipeline(Readable.from(chunks()), accept()).catch(() => undefined));
  });
});
const server = createServer({ noDelay: true }, (socket) => bare.injectSocket(socket));
server.listen(0, "127.0.0.1", () => {
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  process.send({ ours: ours.port, hostKey: ours.fingerprints[0], bare: port });
});

let peak = 0;
setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 20).unref();
process.on("message", () => {
  process.send({ peak });
  peak = 0;
});
process.on("disconnect", () => process.exit());
