import { type Api, bindHandlers } from "../../runtime/src/generated.js";
import type { Context } from "../../runtime/src/server/call/context.js";
import { serveHandlers } from "../../runtime/src/server.js";

// A server for the keys in its arguments. It sends its address, then its memory ten times a second.

const anything = () => true;
const common = { params: {}, idempotent: false, request: anything, response: anything } as const;
const it = { ...common, resource: "it", path: "/it", kind: "unary" } as const;
const items = { ...common, resource: "items", path: "/items", responseItem: anything } as const;
const api: Api = {
  name: "memory",
  version: "1.0.0",
  hash: "00",
  methods: [
    { ...it, id: "GET /it", verb: "GET" },
    { ...it, id: "STORE /it", verb: "STORE" },
    { ...it, id: "UPDATE /it", verb: "UPDATE" },
    { ...items, id: "GET /items", verb: "GET", kind: "server-streaming" },
    { ...items, id: "UPDATE /items", verb: "UPDATE", kind: "bidirectional", requestItem: anything },
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
    /** Answers with a text of 1 MB, together with 19 other calls. */
    update: async () => {
      if (++waiting % 20 === 0) {
        answer();
        answers = new Promise((resolve) => (answer = resolve));
      } else await answers;
      return "x".repeat(1_000_000);
    },
  },
  items: {
    async *get() {
      for (;;) yield "x".repeat(60_000);
    },
    async *update(_: unknown, received: AsyncIterable<unknown>) {
      yield* received;
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
