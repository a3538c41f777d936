import type { ResponseStream } from "sshrpc/client";
import type { Method, Validator } from "sshrpc/generated";
import { inMemory, memoryTransport } from "sshrpc/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { FRAME, PREAMBLE, RawPeer } from "../../../support/raw-peer.js";
import { connectDrifting, drifting, handling } from "../support/drifting.js";
import { type AnyHandler, method, only, TestLog } from "../support/server.js";
import { until } from "../support/wait.js";

const NUMBER = { type: "integer" };

/** What the client was built with. */
const OLD = drifting(
  { "GET /same": {}, "GET /changed": {}, "GET /gone": {}, "GET /secret": { scope: "secret" } },
  { version: "1.0.0", hash: "aaaaaaaaaaaaaaaa" },
);
/** What the server serves: one method is changed, one is gone, one is new. */
const NEW = drifting(
  { "GET /same": {}, "GET /changed": { response: NUMBER }, "GET /secret": { scope: "secret" }, "GET /new": {} },
  { version: "2.0.0", hash: "bbbbbbbbbbbbbbbb" },
);

const DIFFERENCES = { different: ["GET /changed"], missing: ["GET /gone"], hidden: ["GET /secret"] };
const LOCAL = { name: "drifting", version: "1.0.0", hash: "aaaaaaaaaaaaaaaa" };
const REMOTE = { name: "drifting", version: "2.0.0", hash: "bbbbbbbbbbbbbbbb" };
const BOTH = /1\.0\.0 \(hash aaaaaaaaaaaa\).*2\.0\.0 \(hash bbbbbbbbbbbb\)/;

function serve(options: Parameters<typeof inMemory>[1] = {}) {
  const server = inMemory(handling(NEW, { "GET /changed": 7 }), { peer: { scopes: [] }, ...options });
  onTestFinished(() => server.close());
  return server;
}

describe("a client whose server has another contract", () => {
  test("names the methods that differ, are missing or are hidden, once", async () => {
    const { client, drifts, log, call } = await connectDrifting(OLD, serve());
    await until("the report", () => drifts.length > 0);
    expect(drifts).toEqual([{ address: "memory", local: LOCAL, remote: REMOTE, compared: true, ...DIFFERENCES }]);
    expect(log.lines).toEqual([
      {
        level: "warn",
        message: "the server has another contract; `sshrpc diff` shows the changes",
        fields: {
          address: "memory",
          client: "drifting 1.0.0 (hash aaaaaaaaaaaa)",
          server: "drifting 2.0.0 (hash bbbbbbbbbbbb)",
          ...DIFFERENCES,
        },
      },
    ]);
    expect(await call("GET /same")).toBe("GET /same");
    await client.close();
  });

  test("says nothing where the methods that it calls are the same", async () => {
    const api = drifting({ "GET /same": {} }, { version: "1.5.0", hash: "cccc" });
    const server = serve();
    const { client, drifts, log, call } = await connectDrifting(api, server, { contractDrift: "refuse" });
    expect(await call("GET /same")).toBe("GET /same");
    expect([drifts, log.lines]).toEqual([[], []]);
    await client.close();
  });

  test("reports nothing again when it connects again", async () => {
    const server = serve();
    const connections: { destroy(): void }[] = [];
    const transport = {
      address: "memory",
      open: async (signal: AbortSignal) => {
        const duplex = await server.open(signal);
        connections.push(duplex);
        return duplex;
      },
    };
    const { client, drifts, call } = await connectDrifting(OLD, transport, {
      contractDrift: "refuse",
      reconnect: { minDelay: 1 },
    });
    expect(drifts).toHaveLength(1);
    connections[0]?.destroy();
    await until("the second connection", () => connections.length === 2);
    expect(await call("GET /same")).toBe("GET /same");
    expect(drifts).toHaveLength(1);
    await client.close();
  });

  test("with ignore compares nothing", async () => {
    const calls: string[] = [];
    const server = serve({ onCall: ({ method }) => void calls.push(method) });
    const { client, drifts, log, call } = await connectDrifting(OLD, server, { contractDrift: "ignore" });
    expect(await call("GET /same")).toBe("GET /same");
    expect([calls, drifts, log.lines]).toEqual([["GET /same"], [], []]);
    await client.close();
  });

  test("with refuse fails the methods that differ before they are sent, and no others", async () => {
    const calls: string[] = [];
    const server = serve({ onCall: ({ method }) => void calls.push(method) });
    const { client, call, fails } = await connectDrifting(OLD, server, { contractDrift: "refuse" });
    const error = await fails("GET /changed");
    expect(error).toMatchObject({ status: "UNIMPLEMENTED", method: "GET /changed" });
    expect(error.message).toMatch(/declares the method differently/);
    expect(error.message).toMatch(BOTH);
    expect(error.message).toMatch(/generate the older side from the contract of the newer one/);
    expect(await call("GET /same")).toBe("GET /same");
    // The server answers for these.
    expect(await fails("GET /gone")).toMatchObject({ status: "UNIMPLEMENTED" });
    expect(await fails("GET /secret")).toMatchObject({ status: "FORBIDDEN" });
    expect(calls).toEqual(["GET /sshrpc/methods", "GET /same", "GET /gone", "GET /secret"]);
    await client.close();
  });

  test("with refuse fails the calls of one host alone, where several hosts have different contracts", async () => {
    const same = inMemory(handling(OLD));
    onTestFinished(() => same.close());
    const other = await connectDrifting(OLD, serve(), { contractDrift: "refuse" });
    const { client, call } = await connectDrifting(OLD, same, { contractDrift: "refuse" });
    expect(await call("GET /changed")).toBe("GET /changed");
    expect(await other.fails("GET /changed")).toMatchObject({ status: "UNIMPLEMENTED" });
    await Promise.all([client.close(), other.client.close()]);
  });

  test("says both versions where a response does not match", async () => {
    const { client, fails } = await connectDrifting(OLD, serve(), { contractDrift: "ignore" });
    const error = await fails("GET /changed");
    expect(error.status).toBe("INTERNAL");
    expect(error.message).toMatch(/^the response does not match the schema: /);
    expect(error.message).toMatch(BOTH);
    await client.close();
  });

  test("says both versions where the server rejects its request, and keeps the issues", async () => {
    const newer = drifting(
      { "GET /same": { request: { type: "object", required: ["id"] } } },
      { version: "2.0.0", hash: "bbbbbbbbbbbbbbbb" },
    );
    const server = inMemory(handling(newer));
    const { client, fails } = await connectDrifting(OLD, server);
    const error = await fails("GET /same");
    expect(error).toMatchObject({ status: "BAD_REQUEST", details: { issues: [{ path: "/x" }] } });
    expect(error.message).toMatch(/^\/x must fit; the contracts differ: /);
    expect(error.message).toMatch(BOTH);
    await client.close();
    await server.close();
  });

  test("says both versions where an item of a stream does not match", async () => {
    const items = (item: Validator): Method => method("GET /items", { kind: "server-streaming", responseItem: item });
    const isText = only((value) => typeof value === "string");
    const handler = async function* (): AsyncGenerator<unknown> {
      yield 7;
    };
    const served = { ...NEW, methods: [items(() => true)] };
    const server = inMemory({ api: served, handlers: new Map([["GET /items", handler as AnyHandler]]) });
    const { client } = await connectDrifting({ ...OLD, methods: [items(isText)] }, server, { contractDrift: "ignore" });
    const stream = (client["it"] as { get(request: object): ResponseStream<unknown, unknown> }).get({});
    const reason = await (async () => {
      for await (const _ of stream);
    })().catch((error: Error) => error);
    expect((reason as Error).message).toMatch(/^an item does not match the schema: /);
    expect((reason as Error).message).toMatch(BOTH);
    expect(((await stream.response.catch((error: Error) => error)) as Error).message).toMatch(BOTH);
    await client.close();
    await server.close();
  });

  test("does not mention versions where the contracts are equal", async () => {
    const server = inMemory(handling(OLD, { "GET /same": 7 }));
    const { client, fails } = await connectDrifting(OLD, server);
    expect((await fails("GET /same")).message).not.toMatch(/hash/);
    await client.close();
    await server.close();
  });

  test("refuses an unknown policy", async () => {
    const options = { contractDrift: "stop" as "warn" };
    await expect(connectDrifting(OLD, serve(), options)).rejects.toMatchObject({
      status: "BAD_REQUEST",
      message: 'option contractDrift: invalid value "stop"; use "warn", "refuse" or "ignore"',
    });
  });
});

describe("a server that cannot compare", () => {
  const peers: RawPeer[] = [];

  /** A peer with another contract in its HELLO, and no built-in methods. */
  function older() {
    return memoryTransport((duplex) => {
      const api = { name: "drifting", version: "0.9.0", hash: "0000" };
      const body = JSON.stringify({ api, methods: [], limits: { message: 1 << 20, calls: 64 } });
      const peer = new RawPeer(duplex).bytes(PREAMBLE).send({ kind: FRAME.HELLO, id: 0, body });
      peers.push(peer);
    });
  }

  test("is reported without methods, and gets no call for it", async () => {
    const { client, drifts, log } = await connectDrifting(OLD, older());
    await until("the report", () => drifts.length > 0);
    const remote = { name: "drifting", version: "0.9.0", hash: "0000" };
    const none = { different: [], missing: [], hidden: [] };
    expect(drifts).toEqual([{ address: "memory", local: LOCAL, remote, compared: false, ...none }]);
    expect(log.lines[0]?.fields).toMatchObject({ methods: "cannot be compared" });
    await client.close();
    await peers.at(-1)?.closed;
    expect(peers.at(-1)?.frames.filter(({ kind }) => kind === FRAME.OPEN)).toEqual([]);
  });

  test("gets no calls with refuse", async () => {
    const { client, fails } = await connectDrifting(OLD, older(), { contractDrift: "refuse" });
    const error = await fails("GET /same");
    expect(error).toMatchObject({ status: "UNIMPLEMENTED" });
    expect(error.message).toMatch(
      /cannot be compared.*update sshrpc on the other side, or set contractDrift to "warn"/,
    );
    await client.close();
  });
});

describe("a server whose client has another contract", () => {
  test("reports it once for each key and contract", async () => {
    const log = new TestLog();
    const drifts: unknown[] = [];
    const server = serve({ log, observer: { contractDrift: (drift) => void drifts.push(drift) } });
    const peer = { fingerprint: "SHA256:alice", scopes: [] };
    for (const transport of [server.as(peer), server.as(peer), server.as({ ...peer, fingerprint: "SHA256:bob" })]) {
      const { client } = await connectDrifting(OLD, transport, { contractDrift: "refuse" });
      await client.close();
    }
    await until("two reports", () => drifts.length === 2);
    expect(drifts[0]).toMatchObject({ local: REMOTE, remote: LOCAL, compared: false, peer });
    await server.close();
  });

  test("remembers and reports 200 characters of the texts that the client chose", async () => {
    const drifts: { readonly remote: object }[] = [];
    const server = serve({ observer: { contractDrift: (drift) => void drifts.push(drift) } });
    const long = (letter: string) => letter.repeat(50_000);
    const api = { ...OLD, name: long("n"), version: long("v"), hash: long("h") };
    const { client } = await connectDrifting(api, server, { contractDrift: "ignore" });
    await until("the report", () => drifts.length > 0);
    expect(Object.values(drifts[0]?.remote ?? {}).map((text) => text.length)).toEqual([200, 200, 200]);
    await client.close();
  });

  const CALLBACKS = { "GET /agent": {}, "GET /other": {} };
  const SERVER = drifting({}, { version: "2.0.0", hash: "bbbbbbbbbbbbbbbb", callbacks: CALLBACKS });
  const CLIENT = drifting(
    {},
    { version: "1.0.0", hash: "aaaaaaaaaaaaaaaa", callbacks: { "GET /agent": { response: NUMBER }, "GET /other": {} } },
  );
  const callbacks = { agent: { get: () => 7 }, other: { get: () => "other" } };

  type Call = () => Promise<unknown>;
  interface Callbacks {
    readonly agent: { readonly get: Call };
    readonly other: { readonly get: Call };
  }

  test("names the callbacks that differ, and with refuse does not call them", async () => {
    const drifts: unknown[] = [];
    const observer = { contractDrift: (drift: unknown) => void drifts.push(drift) };
    const server = inMemory<Callbacks>({ api: SERVER, handlers: new Map() }, { observer, contractDrift: "refuse" });
    const { client } = await connectDrifting(CLIENT, server, { callbacks });
    await until("the report", () => drifts.length > 0);
    expect(drifts).toMatchObject([{ compared: true, different: ["GET /agent"], missing: [], hidden: [] }]);
    const [connected] = server.clients;
    await expect(connected?.callbacks.agent.get()).rejects.toMatchObject({ status: "UNIMPLEMENTED" });
    expect(await connected?.callbacks.other.get()).toBe("other");
    await client.close();
    await server.close();
  });

  test("with refuse lets callbacks wait until they are compared", async () => {
    const api = { ...SERVER, methods: drifting({ "GET /ask": {} }, { version: "2.0.0", hash: "b" }).methods };
    const ask = (_: unknown, ctx: { readonly callbacks: Callbacks }) => ctx.callbacks.other.get();
    const handlers = new Map([["GET /ask", ask as never]]);
    const server = inMemory<Callbacks>({ api, handlers }, { contractDrift: "refuse" });
    const own = { ...CLIENT, methods: api.methods };
    const { client, call } = await connectDrifting(own, server, { callbacks, contractDrift: "ignore" });
    expect(await call("GET /ask")).toBe("other");
    await client.close();
    await server.close();
  });

  test("says both versions where the result of a callback does not match", async () => {
    const server = inMemory<Callbacks>({ api: SERVER, handlers: new Map() });
    const { client } = await connectDrifting(CLIENT, server, { callbacks });
    await until("the client", () => server.clients.length > 0);
    const [connected] = server.clients;
    const error = await connected?.callbacks.agent.get().catch((reason: Error) => reason);
    expect((error as Error).message).toMatch(
      /the server was built with drifting 2\.0\.0 .*, the client with drifting 1\.0\.0/,
    );
    await client.close();
    await server.close();
  });

  test("refuses an unknown policy", () => {
    expect(() => inMemory(handling(NEW), { contractDrift: "stop" as "warn" })).toThrow(
      /^option contractDrift: invalid/,
    );
  });
});
