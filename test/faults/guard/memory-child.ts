import { type Api, bindHandlers } from "../../../runtime/src/generated.js";
import type { Context } from "../../../runtime/src/server/call/context.js";
import { serveHandlers } from "../../../runtime/src/server.js";

// A server for the keys in its arguments. It sends its address, then its memory ten times a second.

const anything = () => true;
const common = { resource: "it", path: "/it", params: {}, request: anything, response: anything } as const;
const api: Api = {
  name: "memory",
  version: "1.0.0",
  hash: "00",
  methods: [
    { ...common, id: "GET /it", verb: "GET", kind: "unary", idempotent: true },
    { ...common, id: "STORE /it", verb: "STORE", kind: "unary", idempotent: false },
    { ...common, id: "UPDATE /it", verb: "UPDATE", kind: "unary", idempotent: false },
  ],
};
const [privateKey = "", ...lines] = process.argv.slice(2);
const untilCancelled = (signal: AbortSignal) =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(null)));
/** All calls of UPDATE answer at once. */
let answer = (): void => {};
let answers = new Promise<void>((resolve) => (answer = resolve));
let waiting = 0;
const handlers = {
  it: {
    get: () => null,
    /** Keeps its request until its caller goes. */
    store: async (request: unknown, { signal }: Context) => {
      await untilCancelled(signal);
      return typeof request;
    },
    /** Answers with a text of 1 MB, together with 49 other calls. */
    update: async () => {
      if (++waiting % 50 === 0) {
        answer();
        answers = new Promise((resolve) => (answer = resolve));
      } else await answers;
      return "x".repeat(1_000_000);
    },
  },
};
const server = await serveHandlers(bindHandlers(api, handlers), {
  host: "127.0.0.1",
  port: 0,
  hostKeys: { privateKey },
  authorizedKeys: { lines },
  log: false,
});
process.send?.({ port: server.port, hostKey: server.fingerprints[0] });
setInterval(() => process.send?.({ rss: process.memoryUsage.rss() }), 100);
process.once("disconnect", () => process.exit(0));
