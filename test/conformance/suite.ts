import { type Client, RpcError } from "sshrpc/client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { callPath } from "../../runtime/src/client/call-path.js";
import { type ClientOptions, openClient } from "../../runtime/src/client/client.js";
import { type ErrorStatus, STATUSES } from "../../runtime/src/contract/status.js";
import type { ApiServerOptions } from "../../runtime/src/server/api-server-options.js";
import { IS_FULL, rounds } from "../rounds.js";
import { failure, until, within } from "../unit/runtime/support/wait.js";
import { api } from "./generated/api.js";
import { type ConformanceClient, connect } from "./generated/client.js";
import type { Setup, Start } from "./setups.js";

const ERRORS = Object.keys(STATUSES).filter((status) => status !== "OK") as ErrorStatus[];
const ODD_TEXTS = ["", "plain", "\ttab\r\nand line", "☺ and 😈", '"quoted" \\ \0', "x".repeat(5000)];

/**
 * The behavior of unary calls over any transport.
 * @param options `soak`: for transports that are fast enough; `cheap`: whether a connection costs little; `large`: whether large messages are
 * tested. In a soak run, all is.
 */
export function describeConformance(
  name: string,
  start: Start,
  { soak = true, cheap = true, large = true } = {},
): void {
  const isCheap = cheap || IS_FULL;
  describe(`unary calls ${name}`, () => {
    let shared: Setup & { client: ConformanceClient };
    let setup: Setup | undefined;
    let clients: Client[] = [];

    /** A server and a client for this test alone. */
    async function begin(
      server: ApiServerOptions,
      options: ClientOptions = {},
    ): Promise<Setup & { client: ConformanceClient }> {
      setup = await start(server);
      const client = await connect(setup.transport, options);
      clients.push(client);
      return { ...setup, client };
    }

    beforeAll(async () => {
      const setup = await start({});
      shared = { ...setup, client: await connect(setup.transport, {}) };
    });
    afterAll(async () => {
      await within("the client's end", shared.client.close());
      await within("the server's end", shared.close());
    });
    afterEach(async () => {
      await within("the clients' ends", Promise.all(clients.map((client) => client.close())));
      await within("the server's end", setup?.close() ?? Promise.resolve());
      clients = [];
      setup = undefined;
    });

    test("carry an empty request and response", async () => {
      const { client } = shared;
      expect(await client.empty.get()).toEqual({});
      expect(await client.empty.get({})).toEqual({});
    });

    if (large || IS_FULL)
      test("carry 271,828 bytes up and 314,159 down", async () => {
        const { client } = shared;
        const { received, body } = await client.payload.store({ body: "u".repeat(271_828), size: 314_159 });
        expect(received).toBe(271_828);
        expect(body).toBe("d".repeat(314_159));
      });

    test("carry text of any script unchanged", async () => {
      const { client } = shared;
      for (const text of [...ODD_TEXTS, "\ud83d half a pair"])
        expect(await client.echo.update({ text })).toEqual({ text });
    });

    test("carry headers in order, with repeated names", async () => {
      const { client } = shared;
      const metadata = { "X-Trace": "a ☺", "x-many": ["1", "", "3"] };
      expect(await client.headers.get(undefined, { metadata })).toEqual([
        { name: "x-trace", values: ["a ☺"] },
        { name: "x-many", values: ["1", "", "3"] },
      ]);
    });

    test("end with every status, with its exact message and details", async () => {
      const { client } = shared;
      for (const [index, status] of ERRORS.entries()) {
        const message = ODD_TEXTS[index % ODD_TEXTS.length] as string;
        const details = { text: message, list: [1, null, { deep: true }] };
        const error = await failure<RpcError>(client.outcome.get({ status, message, details }));
        expect(error).toBeInstanceOf(RpcError);
        expect(error).toMatchObject({ status, code: STATUSES[status], message, details, method: "GET /outcome" });
      }
      expect(await client.outcome.get({ status: "OK", message: "" })).toBeNull();
    });

    test("end with declared errors and their typed details", async () => {
      const { client } = shared;
      const result = await client.item.get.safe({ id: -7 });
      if (result.ok || result.error.status !== "NOT_FOUND") throw new Error("unexpected result");
      expect(result.error.details.id).toBe(-7);
      expect(`${result.error}`).toBe("NOT_FOUND: GET /items/{id}: no item -7");
      expect(await client.item.get.safe({ id: 7 })).toEqual({ ok: true, value: { id: 7 } });
    });

    test("of unknown resources are NOT_FOUND, and of unknown verbs METHOD_NOT_ALLOWED with the known verbs", async () => {
      const { transport } = shared;
      expect(await failure(callPath(transport, { verb: "GET", path: "/nothing" }))).toMatchObject({
        status: "NOT_FOUND",
      });
      expect(await failure(callPath(transport, { verb: "UPDATE", path: "/items/1" }))).toMatchObject({
        status: "METHOD_NOT_ALLOWED",
        details: { verbs: ["GET", "DELETE"] },
      });
      expect(await callPath(transport, { verb: "GET", path: "/items/1" })).toEqual({ id: 1 });
    });

    test("of methods that the server lacks are UNIMPLEMENTED with both versions and hashes, and other calls succeed", async () => {
      const { transport } = shared;
      // It declares details of NOT_FOUND, which the server's answer must not be taken for.
      const known = api.methods.find(({ errors }) => errors?.NOT_FOUND !== undefined);
      if (known === undefined) throw new Error("no method declares NOT_FOUND");
      const more = {
        ...api,
        hash: "0123456789abcdef".repeat(4),
        methods: [{ ...known, id: "GET /newer", resource: "newer", verb: "GET" as const }, ...api.methods],
      };
      const client = await openClient<ConformanceClient & { newer: ConformanceClient["empty"] }>(more, transport);
      clients.push(client);
      const { name, version, hash } = api;
      const both = [hash, more.hash].map((one) => `${name} ${version} (${one.slice(0, 12)})`);
      expect(await failure(client.newer.get({ id: 1 } as never))).toMatchObject({
        status: "UNIMPLEMENTED",
        message: expect.stringContaining(both.join(", the caller was built with ")),
      });
      expect(await client.item.get({ id: 1 })).toEqual({ id: 1 });
    });

    test("require the scope of the method", async () => {
      const { client, user = "alice" } = shared;
      expect(await failure(client.secret.get())).toMatchObject({
        status: "FORBIDDEN",
        message: expect.stringMatching(`^missing scope secret:read \\((${user}|this key) has items:\\*\\)$`),
      });
      expect(await client.item.delete({ id: 1 })).toBeNull();
    });

    test("are validated by the server, also those of an unchecked client", async () => {
      const { transport } = shared;
      for (const [request, path] of [
        [{}, "/text"],
        ...(isCheap ? ([[{ text: 7 }, "/text"]] as const) : []),
        [{ text: "x", more: 1 }, "/more"],
      ] as const) {
        const error = await failure<RpcError>(callPath(transport, { verb: "UPDATE", path: "/echo", request }));
        expect(error).toMatchObject({ status: "BAD_REQUEST", details: { issues: [{ path }] } });
      }
      for (const id of ["9007199254740993", ...(isCheap ? ["1.5", "x", "1e400"] : [])]) {
        expect(await failure(callPath(transport, { verb: "GET", path: `/items/${id}` }))).toMatchObject({
          status: "BAD_REQUEST",
        });
      }
    });

    describe("that are cancelled", () => {
      test("before they begin are never sent", async () => {
        const { client, waits } = shared;
        const call = client.wait.get({ name: "never" }, { signal: AbortSignal.abort() });
        expect(await failure(call)).toMatchObject({ status: "CANCELLED" });
        await client.empty.get();
        expect(waits.started).not.toContain("never");
      });

      test("while they run abort the handler, whose `finally` runs", async () => {
        const { client, waits } = shared;
        const abort = new AbortController();
        const call = client.wait.get({ name: "a" }, { signal: abort.signal });
        await until("the handler", () => waits.started.includes("a"));
        abort.abort("enough");
        expect(await failure(call)).toMatchObject({ status: "CANCELLED", cause: "enough" });
        await until("its end", () => waits.finished.includes("a"));
        expect(waits.aborted.get("a")).toBe("CANCELLED");
        expect(await client.empty.get()).toEqual({});
      });

      test("after they have ended keep their status", async () => {
        const { client } = shared;
        const abort = new AbortController();
        expect(await client.item.get({ id: 1 }, { signal: abort.signal })).toEqual({ id: 1 });
        abort.abort();
        expect(await client.item.get({ id: 2 })).toEqual({ id: 2 });
      });

      test("many at a time release their slots", async () => {
        const { client, waits } = await begin({ limits: { calls: 10 } });
        for (let round = 0; round < 5; round++) {
          const abort = new AbortController();
          const calls = Array.from({ length: 10 }, (_, index) =>
            client.wait.get.safe({ name: `${round}.${index}` }, { signal: abort.signal }),
          );
          await until("the handlers", () => waits.started.length === (round + 1) * 10);
          abort.abort();
          await within("the calls' ends", Promise.all(calls));
          await until("the handlers' ends", () => waits.finished.length === (round + 1) * 10);
        }
        expect(await client.empty.get()).toEqual({});
      });
    });

    describe("with a deadline", () => {
      test("that the handler misses are DEADLINE_EXCEEDED, and the handler is aborted", async () => {
        const { client, waits } = shared;
        const call = client.wait.get({ name: "slow" }, { timeout: 30 });
        expect(await failure(call)).toMatchObject({ status: "DEADLINE_EXCEEDED" });
        await until("its end", () => waits.finished.length === waits.started.length);
        for (const reason of waits.aborted.values()) expect(["DEADLINE_EXCEEDED", "CANCELLED"]).toContain(reason);
      });

      test("of 1 ms end while the handler sleeps", async () => {
        const { client } = shared;
        expect(await failure(client.sleep.get({ ms: 300 }, { timeout: 1 }))).toMatchObject({
          status: "DEADLINE_EXCEEDED",
        });
      });

      test("that is long enough succeed, and the handler sees the remaining time", async () => {
        const { client } = shared;
        const { left } = await client.sleep.get({ ms: 5 }, { timeout: 60_000 });
        expect(left).toBeGreaterThan(0);
        expect(left).toBeLessThan(60_000);
      });
    });

    describe("at the limits", () => {
      const limits = { message: 10_000 };
      const overhead = '{"text":""}'.length;

      test("succeed with a request and a response of exactly the limit, and fail one byte over", async () => {
        const { client } = await begin({ limits });
        const text = "x".repeat(limits.message - overhead);
        expect(await client.echo.update({ text })).toEqual({ text });
        expect(await failure(client.echo.update({ text: `${text}x` }))).toMatchObject({ status: "MESSAGE_TOO_LARGE" });
        const answer = '{"received":0,"body":""}'.length;
        const size = limits.message - answer;
        expect((await client.payload.store({ body: "", size })).body).toHaveLength(size);
        expect(await failure(client.payload.store({ body: "", size: size + 1 }))).toMatchObject({
          status: "MESSAGE_TOO_LARGE",
        });
        expect(await client.empty.get()).toEqual({});
      });

      test("of the client are enforced in the same way", async () => {
        const { client } = await begin({}, { limits });
        const size = limits.message - '{"received":0,"body":""}'.length;
        expect((await client.payload.store({ body: "", size })).body).toHaveLength(size);
        expect(await failure(client.payload.store({ body: "", size: size + 1 }))).toMatchObject({
          status: "MESSAGE_TOO_LARGE",
        });
      });

      test("are queued if the server runs fewer at a time", async () => {
        const { client } = await begin({ limits: { calls: 3 } });
        const calls = Array.from({ length: 100 }, (_, id) => client.item.get({ id: id + 1 }));
        expect(await within("the answers", Promise.all(calls))).toEqual(calls.map((_, id) => ({ id: id + 1 })));
      });

      test("fail with RESOURCE_EXHAUSTED if the queue is full", async () => {
        const { client, waits } = await begin({ limits: { calls: 1 } }, { limits: { queuedCalls: 1 } });
        const abort = new AbortController();
        const calls = ["a", "b"].map((name) => client.wait.get.safe({ name }, { signal: abort.signal }));
        expect(await failure(client.empty.get())).toMatchObject({ status: "RESOURCE_EXHAUSTED" });
        await until("the first", () => waits.started.length === 1);
        abort.abort();
        await within("the calls' ends", Promise.all(calls));
      });
    });

    test.each([[null], [{}], [{ n: "x" }], [[]], [{ n: 1.5 }]])(
      "whose handler returns %j, which violates the contract, are INTERNAL, and the connection survives",
      async (value) => {
        const { client } = shared;
        expect(await failure(client.wrong.get({ with: value }))).toMatchObject({ status: "INTERNAL" });
        expect(await client.wrong.get({ with: { n: 1, more: "unknown to an older client" } })).toMatchObject({
          n: 1,
        });
      },
    );

    describe("when a side is lost", () => {
      test("the server: every pending call is UNAVAILABLE, with the reason", async () => {
        const { client, waits, close } = await begin({}, { reconnect: false });
        const calls = Array.from({ length: 20 }, (_, index) => client.wait.get.safe({ name: `${index}` }));
        await until("the handlers", () => waits.started.length === 20);
        await within("close", close());
        for (const result of await within("the calls' ends", Promise.all(calls))) {
          expect(result).toMatchObject({ ok: false, error: { status: "UNAVAILABLE" } });
          if (!result.ok) expect(result.error.message).toContain("the server is closing");
        }
        await until("the handlers' ends", () => waits.finished.length === 20);
        expect(new Set(waits.aborted.values())).toEqual(new Set(["UNAVAILABLE"]));
        expect(await failure(client.empty.get())).toMatchObject({ status: "UNAVAILABLE" });
      });

      test("by the transport: pending calls fail with UNAVAILABLE, and every handler's `finally` runs", async () => {
        const { client, waits, duplexes } = await begin({}, { reconnect: false });
        const calls = Array.from({ length: 20 }, (_, index) => client.wait.get.safe({ name: `${index}` }));
        await until("the handlers", () => waits.started.length === 20);
        duplexes[0]?.destroy();
        for (const result of await within("the calls' ends", Promise.all(calls))) {
          expect(result).toMatchObject({ ok: false, error: { status: "UNAVAILABLE" } });
        }
        await until("the handlers' ends", () => waits.finished.length === 20);
      });

      test("one client: the calls of others are unaffected", async () => {
        const { client, transport, duplexes, waits } = await begin({}, { reconnect: false });
        const other = await connect(transport);
        clients.push(other);
        const lost = client.wait.get.safe({ name: "lost" });
        await until("the handler", () => waits.started.length === 1);
        duplexes[0]?.destroy();
        expect(await within("the call's end", lost)).toMatchObject({ ok: false });
        expect(await other.item.get({ id: 1 })).toEqual({ id: 1 });
      });
    });

    if (!soak) return;

    describe("in large numbers", () => {
      const [large, batches, connections] = [rounds(1000), rounds(100, 3), rounds(1000)];

      test(`${large} large ones in parallel return complete`, async () => {
        const { client } = shared;
        const calls = Array.from({ length: large }, (_, index) =>
          client.payload.store({ body: "u".repeat(20_000 + index), size: 30_000 + index }),
        );
        for (const [index, { received, body }] of (await Promise.all(calls)).entries()) {
          expect(received).toBe(20_000 + index);
          expect(body).toHaveLength(30_000 + index);
        }
      });

      test(`${batches * 1000} on one connection each get their own response`, async () => {
        const { client } = shared;
        for (let batch = 0; batch < batches; batch++) {
          const ids = Array.from({ length: 1000 }, (_, index) => batch * 1000 + index + 1);
          const answers = await Promise.all(ids.map((id) => client.item.get({ id })));
          expect(answers.map(({ id }) => id)).toEqual(ids);
        }
      });

      test(`${connections} with a connection each leave none open`, async () => {
        const { transport, duplexes } = shared;
        const opened = duplexes.length;
        for (let id = 1; id <= connections; id++) {
          await using client = await connect(transport);
          expect(await client.item.get({ id })).toEqual({ id });
        }
        expect(duplexes).toHaveLength(opened + connections);
        await until("the ends", () => duplexes.slice(opened).every(({ destroyed }) => destroyed));
      }, 120_000);
    });
  });
}
