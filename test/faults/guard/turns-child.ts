import type { Logger } from "../../../runtime/src/base/log.js";
import { serveHandlers } from "../../../runtime/src/compose/serve.js";
import { bindHandlers } from "../../../runtime/src/server/api-handlers.js";
import { generateEd25519 } from "../../../runtime/src/ssh/keys/format/generate-ed25519.js";
import { publicKeyLine } from "../../../runtime/src/ssh/keys/format/public-key.js";

// A server in a process of its own. It counts the calls of `GET /busy` that one turn of the event loop handles: so many that
// others wait for. Each takes a tenth of a millisecond of CPU; those of `GET /stream` take two milliseconds.

const anything = (): boolean => true;
const method = (name: string, more: object = {}) => ({
  id: `GET /${name}`,
  resource: name,
  verb: "GET",
  path: `/${name}`,
  kind: "unary",
  params: {},
  idempotent: true,
  request: anything,
  response: anything,
  ...more,
});
const api = {
  name: "turns",
  version: "1.0.0",
  hash: "turns",
  methods: [
    method("echo"),
    method("busy"),
    method("wait"),
    method("secret", { scope: "secrets:read" }),
    method("stream", { kind: "server-streaming", responseItem: anything }),
  ],
};

let busy = 0;
let inTurn = 0;
let most = 0;
let isCounting = false;
/** One call of the attacker: work that ends at the same time for every machine load, or later. */
function work(milliseconds = 0.1): void {
  busy++;
  inTurn++;
  most = Math.max(most, inTurn);
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
  if (isCounting) return;
  isCounting = true;
  setImmediate(() => {
    isCounting = false;
    inTurn = 0;
  });
}

const handlers = {
  echo: { get: (request: unknown) => request },
  busy: {
    get: () => {
      work();
      return {};
    },
  },
  wait: {
    get: (_: unknown, { signal }: { readonly signal: AbortSignal }) => {
      work();
      return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    },
  },
  secret: { get: () => ({}) },
  stream: {
    async *get() {
      work(2);
      yield {};
    },
  },
};

const lines: { message: string; fields: Record<string, unknown> }[] = [];
const write = (fields: object, message = ""): void => void lines.push({ message, fields: { ...fields } });
const logger: Logger = { debug() {}, info: write, warn: write, error: write };
const [host, alice, mallory] = ["host", "alice", "mallory"].map((name) => generateEd25519(name)) as [
  ReturnType<typeof generateEd25519>,
  ReturnType<typeof generateEd25519>,
  ReturnType<typeof generateEd25519>,
];
const server = await serveHandlers(bindHandlers(api as never, handlers), {
  port: 0,
  hostKeys: { privateKey: host.privateKey },
  authorizedKeys: { lines: [alice, mallory].map(({ publicKey }) => publicKeyLine(publicKey)) },
  log: false,
  audit: logger,
  ...JSON.parse(process.argv[2] ?? "{}"),
});
process.on("message", async (message) => {
  if (message === "close") await server.close();
  // The lines are many: only those who read them get them.
  process.send?.({ busy, most, lines: message === "counts" ? [] : lines });
});
process.on("disconnect", () => process.exit(0));
process.send?.({
  port: server.port,
  hostKey: server.fingerprints[0],
  alice: alice.privateKey,
  mallory: mallory.privateKey,
});
