import type { CallOptions, RpcError } from "sshrpc/client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type ClientOptions, openClient } from "../../runtime/src/client/client.js";
import { type ErrorStatus, STATUSES } from "../../runtime/src/contract/status.js";
import type { ApiServerOptions } from "../../runtime/src/server/api-server-options.js";
import { FLAG, FRAME, itemCost } from "../../runtime/src/wire/frame.js";
import { IS_FULL, rounds } from "../rounds.js";
import { RawPeer } from "../support/raw-peer.js";
import { until, within } from "../unit/runtime/support/wait.js";
import { api } from "./generated/api.js";
import { type ConformanceClient, connect } from "./generated/client.js";
import type { Script, Tally } from "./generated/types.js";
import { KINDS, type Kind, type Running, type Sizes } from "./kinds.js";
import type { Matrix } from "./matrix.js";
import type { Setup, Start } from "./setups.js";
import { Endless, Tap } from "./sources.js";

const ERRORS = Object.keys(STATUSES).filter((status) => status !== "OK") as ErrorStatus[];
const ODD_TEXTS = ["", "plain", "\ttab\r\nand line", "☺ and 😈", '"quoted" \\ \0', "x".repeat(2000)];

/** `{"text":""}` */
const TEXT_OVERHEAD = 11;

/** No retries: they would hide the outcome of a call. */
const ONCE: ClientOptions = { reconnect: false, retries: 0 };

const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);

/** The items and the outcome of a call, which the iteration and the result must report alike. */
async function collect({ sizes, result }: Running): Promise<{ sizes: number[]; value?: Tally; error?: RpcError }> {
  const taken: number[] = [];
  let thrown: unknown;
  const all = async (): Promise<void> => {
    for await (const size of sizes) taken.push(size);
  };
  await within(
    "the items",
    all().catch((error) => {
      thrown = error;
    }),
  );
  const outcome = await within("the result", result);
  if (outcome.ok) {
    expect(thrown).toBeUndefined();
    return { sizes: taken, value: outcome.value };
  }
  if (thrown !== undefined) expect(thrown).toMatchObject({ status: outcome.error.status });
  return { sizes: taken, error: outcome.error };
}

/**
 * The behavior of calls of every kind over any transport.
 * @param options `soak`: for transports that are fast enough; `grace`: for servers that can be closed with a grace; `cheap`: whether
 * a connection costs little: if not, behaviors that take several connections for each kind are tested with one kind, and
 * with all in a soak run; `large`: whether large messages are tested
 */
export function describeEveryKind(
  transport: string,
  start: Start,
  matrix: Matrix,
  { soak = true, grace = true, cheap = true, large = true } = {},
): void {
  describe(`calls of every kind ${transport}`, () => {
    let shared: Setup;
    let client: ConformanceClient;
    let own: { setup: Setup; client: ConformanceClient } | undefined;
    const pairs = new Map<string, Promise<NonNullable<typeof own>>>();
    let calls = 0;

    /** A server and a client with these options, which the tests of all kinds share. */
    function withOptions(server: ApiServerOptions, options: ClientOptions = {}): Promise<NonNullable<typeof own>> {
      const key = JSON.stringify([server, options]);
      const pair = pairs.get(key) ?? pairUp(server, options);
      pairs.set(key, pair);
      return pair;
    }

    async function pairUp(server: ApiServerOptions, options: ClientOptions): Promise<NonNullable<typeof own>> {
      const setup = await start(server);
      return { setup, client: await connect(setup.transport, { ...ONCE, ...options }) };
    }

    /** A server and a client for this test alone. */
    async function begin(server: ApiServerOptions, options: ClientOptions = {}): Promise<NonNullable<typeof own>> {
      own = await pairUp(server, options);
      return own;
    }

    async function end({ setup, client }: NonNullable<typeof own>): Promise<void> {
      await within("the client's end", client.close());
      await within("the server's end", setup.close());
    }

    async function endOwn(): Promise<void> {
      const pair = own;
      own = undefined;
      if (pair !== undefined) await end(pair);
    }

    beforeAll(async () => {
      shared = await start({});
      client = await connect(shared.transport, ONCE);
    });
    afterEach(endOwn);
    afterAll(async () => {
      await end({ setup: shared, client });
      for (const pair of pairs.values()) await end(await pair);
    });

    const newName = (): string => `call ${++calls}`;

    function run(kind: Kind, script: Partial<Script> = {}, items?: Sizes, options?: CallOptions): Running {
      return kind.begin(client, { name: newName(), ...script }, items, options);
    }

    /** A row of the matrix. */
    function row(
      name: string,
      title: string,
      concerns: (kind: Kind) => boolean,
      check: (kind: Kind) => Promise<void>,
    ): void {
      for (const kind of KINDS.filter(concerns)) {
        matrix.expect(name, kind.name, transport);
        test(`${name}: ${kind.name} calls ${title}`, async () => {
          await check(kind);
          matrix.passed(name, kind.name, transport);
        });
      }
    }

    const all = (): boolean => true;
    const streaming = ({ up, down }: Kind): boolean => up || down;
    const up = (kind: Kind): boolean => kind.up;
    const down = (kind: Kind): boolean => kind.down;
    /** Of all kinds, one with streams in both directions, where connections are not cheap: unary calls have such tests of their own. */
    const connecting = ({ name }: Kind): boolean => cheap || IS_FULL || name === "bidi";

    /** Waits until a handler was aborted with a status, and has ended. */
    async function expectAborted({ waits }: Setup, name: string, ...reasons: string[]): Promise<void> {
      await until("its `finally`", () => waits.finished.includes(name));
      expect(reasons).toContain(waits.aborted.get(name));
      expect(waits.finished.filter((one) => one === name)).toHaveLength(1);
    }

    row("empty_unary, empty_stream", "carry an empty request and response", all, async (kind) => {
      expect(await collect(run(kind, {}, []))).toEqual({ sizes: [], value: { received: 0, bytes: 0, ...left(kind) } });
    });

    const isLarge = (): boolean => large || IS_FULL;

    row("large", "carry 271,828 bytes up and 314,159 down", isLarge, async (kind) => {
      if (!streaming(kind)) {
        const { received, body } = await client.payload.store({ body: "u".repeat(271_828), size: 314_159 });
        expect([received, body.length]).toEqual([271_828, 314_159]);
        return;
      }
      const { sizes, value } = await collect(run(kind, kind.down ? { sizes: [314_159] } : {}, [271_828]));
      expect(value?.bytes).toBe(kind.up ? 271_828 : 0);
      expect(sum(sizes)).toBe(kind.down ? 314_159 : 0);
    });

    row("client_streaming", "carry four items up, and return their sum", up, async (kind) => {
      const { value } = await collect(run(kind, {}, [27182, 8, 1828, 45904]));
      expect(value?.bytes).toBe(74_922);
      if (!kind.bytes) expect(value?.received).toBe(4);
    });

    row("server_streaming", "carry four items down, in order", down, async (kind) => {
      const expected = [31415, 9, 2653, 58979];
      const { sizes } = await collect(run(kind, { sizes: expected }));
      expect(kind.bytes ? sum(sizes) : sizes).toEqual(kind.bytes ? sum(expected) : expected);
    });

    row(
      "ping_pong",
      "return each item before the next is sent",
      (kind) => kind.up && kind.down,
      async (kind) => {
        const tap = new Tap();
        const { sizes, result } = run(kind, { echo: true }, tap);
        const echo = sizes[Symbol.asyncIterator]();
        for (const size of [27182, 8, 1828, 45904]) {
          tap.push(size);
          let back = 0;
          while (back < size) back += (await within("the echo", echo.next())).value;
          expect(back).toBe(size);
        }
        tap.end();
        expect(await within("the end", echo.next())).toMatchObject({ done: true });
        expect(await result).toMatchObject({ ok: true, value: { bytes: 74_922 } });
      },
    );

    row("metadata", "carry headers and trailers, with repeated names, also with an error", all, async (kind) => {
      const headers = [
        { name: "X-Head", value: "1 ☺" },
        { name: "x-many", value: "" },
        { name: "x-many", value: "2" },
      ];
      const trailers = [
        { name: "x-tail", value: "a" },
        { name: "x-tail", value: "b" },
      ];
      for (const status of [undefined, "NOT_FOUND"]) {
        const heard: unknown[] = [];
        const options: CallOptions = {
          metadata: { "X-Echo": ["one", "two"] },
          onHeaders: (headers) => heard.push(Object.fromEntries(headers)),
          onTrailers: (trailers) => heard.push(Object.fromEntries(trailers)),
        };
        const script = { headers, trailers, ...(kind.down && { sizes: [1, 2] }), ...(status && { status }) };
        const { error } = await collect(run(kind, script, [3], options));
        expect(error?.status).toBe(status);
        expect(heard).toEqual([
          { "x-head": ["1 ☺"], "x-many": ["", "2"] },
          { "x-tail": ["a", "b"], "x-echo": ["one", "two"] },
        ]);
      }
    });

    row("status", "end with every status, after no items and after some", all, async (kind) => {
      for (const [index, status] of ERRORS.entries()) {
        for (const count of streaming(kind) ? [0, 3] : [0]) {
          const message = ODD_TEXTS[(index + count) % ODD_TEXTS.length] as string;
          const details = { text: message, list: [1, null, { deep: true }] };
          const some = Array.from({ length: count }, (_, at) => at + 1);
          const script = {
            status,
            message,
            details,
            ...(kind.up && { take: count }),
            ...(kind.down && { sizes: some }),
          };
          const { sizes, error } = await collect(run(kind, script, [...some, 5, 6]));
          expect(error).toMatchObject({ status, code: STATUSES[status], message, details, method: kind.id });
          expect(sizes).toEqual(kind.down ? some : []);
        }
      }
    });

    row("safe", "return errors as values, after the items before them", all, async (kind) => {
      const script = { status: "CONFLICT", message: "☺", details: [1], ...(kind.down && { sizes: [1, 2] }) };
      const { sizes, result } = kind.safe(client, { name: newName(), ...script }, [3]);
      const taken: number[] = [];
      for await (const size of sizes) taken.push(size);
      expect(taken).toEqual(kind.down ? [1, 2] : []);
      expect(await within("the result", result)).toMatchObject({
        ok: false,
        error: { status: "CONFLICT", message: "☺", details: [1], method: kind.id },
      });
      expect(await within("the result", kind.safe(client, { name: newName() }, []).result)).toMatchObject({ ok: true });
    });

    row(
      "items that do not fit",
      "end with the status of the side at fault, after the valid items",
      ({ up, down, bytes }) => down || (up && !bytes),
      async (kind) => {
        if (kind.down) {
          const name = newName();
          const { sizes, error } = await collect(run(kind, { name, take: 0, sizes: [1, 2], wrong: 7 }, new Endless(1)));
          expect(sizes).toEqual([1, 2]);
          expect(error).toMatchObject({ status: "INTERNAL" });
          await expectAborted(shared, name, "INTERNAL");
        }
        if (kind.up && !kind.bytes) {
          const setup = shared;
          const name = newName();
          const peer = new RawPeer(await setup.transport.open()).hello([kind.id]);
          peer.open(1, JSON.stringify({ name }), { flags: FLAG.STREAM, credit: 1000 });
          peer.send({ kind: FRAME.ITEM, id: 1, body: '{"text":"x"}' });
          await until("the first item", () => setup.waits.taken.get(name) === 1);
          peer.send({ kind: FRAME.ITEM, id: 1, body: '{"text":7}' });
          const { code, body } = await peer.status();
          expect([code, body.details]).toEqual([400, { issues: [expect.objectContaining({ path: "/text" })] }]);
          await expectAborted(setup, name, "BAD_REQUEST");
          expect((await collect(kind.begin(client, { name: newName() }))).error).toBeUndefined();
          peer.duplex.destroy();
        }
      },
    );

    row(
      "unimplemented",
      "of unknown methods are NOT_FOUND, METHOD_NOT_ALLOWED, or with a contract UNIMPLEMENTED",
      connecting,
      async (kind) => {
        const known = api.methods.find(({ id }) => id === kind.id);
        if (known === undefined) throw new Error(`${kind.id} is missing in the contract`);
        const foreign = {
          ...api,
          methods: [
            { ...known, id: "GET /nothing" },
            { ...known, id: "DELETE /empty" },
          ],
        };
        for (const [index, status, hash] of [
          [0, "NOT_FOUND", ""],
          [0, "UNIMPLEMENTED", "other"],
          [1, "METHOD_NOT_ALLOWED", "other"],
        ] as const) {
          const methods = foreign.methods.slice(index, index + 1);
          const other = { ...foreign, methods, hash };
          await using stranger = await openClient<ConformanceClient>(other, shared.transport, ONCE);
          const { error } = await collect(kind.begin(stranger, { name: newName() }, [1, 2]));
          expect(error).toMatchObject({ status });
          if (index === 1) expect(error?.details).toEqual({ verbs: ["GET"] });
        }
        expect((await collect(run(kind))).error).toBeUndefined();
      },
    );

    row("cancel before", "are never sent", all, async (kind) => {
      const name = newName();
      const { error } = await collect(run(kind, { name }, [], { signal: AbortSignal.abort("no") }));
      expect(error).toMatchObject({ status: "CANCELLED", cause: "no" });
      expect((await collect(run(kind))).error).toBeUndefined();
      expect(shared.waits.started).not.toContain(name);
    });

    row("cancel after begin", "abort the handler, whose `finally` runs", all, async (kind) => {
      const [name, abort, tap] = [newName(), new AbortController(), new Tap()];
      const running = run(kind, { name, take: 0, wait: true }, tap, { signal: abort.signal });
      await until("the handler", () => shared.waits.started.includes(name));
      abort.abort("enough");
      expect((await collect(running)).error).toMatchObject({ status: "CANCELLED", cause: "enough" });
      await expectAborted(shared, name, "CANCELLED");
      tap.end();
    });

    row("cancel after the first item", "abort the handler, whose `finally` runs", streaming, async (kind) => {
      const [name, abort, tap] = [newName(), new AbortController(), new Tap()];
      tap.push(5);
      const script = { name, take: 1, wait: true, ...(kind.down && { sizes: [7] }) };
      const { sizes, result } = run(kind, script, tap, { signal: abort.signal });
      const items = sizes[Symbol.asyncIterator]();
      if (kind.up) await until("the item", () => shared.waits.taken.get(name) === 1);
      if (kind.down) expect(await within("the item", items.next())).toEqual({ done: false, value: 7 });
      abort.abort();
      expect((await collect({ sizes: { [Symbol.asyncIterator]: () => items }, result })).error).toMatchObject({
        status: "CANCELLED",
      });
      await expectAborted(shared, name, "CANCELLED");
      tap.end();
      if (kind.up) await until("the source's end", () => tap.left);
    });

    row("cancel after half-close", "abort the handler, whose `finally` runs", up, async (kind) => {
      const [name, abort] = [newName(), new AbortController()];
      const script = { name, wait: true, ...(kind.down && { sizes: [7] }) };
      const { sizes, result } = run(kind, script, [1, 2], { signal: abort.signal });
      const items = sizes[Symbol.asyncIterator]();
      if (kind.down) await within("the item that follows the end", items.next());
      else await until("the items", () => shared.waits.taken.get(name) === 2);
      abort.abort();
      expect(await within("the result", result)).toMatchObject({ ok: false, error: { status: "CANCELLED" } });
      await expectAborted(shared, name, "CANCELLED");
    });

    row("cancel after the end", "keep their outcome", all, async (kind) => {
      const [name, abort] = [newName(), new AbortController()];
      const running = run(kind, { name, ...(kind.down && { sizes: [1, 2] }) }, [1], { signal: abort.signal });
      expect(await within("the result", running.result)).toMatchObject({ ok: true });
      abort.abort();
      expect((await collect(running)).sizes).toEqual(kind.down ? [1, 2] : []);
      expect(shared.waits.aborted.get(name)).toBe("none");
    });

    row("cancel by leaving", "whose iteration ends early abort the handler", down, async (kind) => {
      const name = newName();
      const { sizes, result } = run(kind, { name, take: 0, endless: 100 }, new Endless(100));
      for await (const size of sizes) {
        expect(size).toBe(100);
        break;
      }
      expect(await within("the result", result)).toMatchObject({ ok: false, error: { status: "CANCELLED" } });
      await expectAborted(shared, name, "CANCELLED");
    });

    row("deadline", "end with DEADLINE_EXCEEDED, and abort the handler", all, async (kind) => {
      for (const [timeout, sizes] of [
        [1, []],
        [40, []],
        [40, [1, 2, 3]],
      ] as const) {
        const [name, tap] = [newName(), new Tap()];
        const script = { name, take: 0, wait: true, ...(kind.down && { sizes: [...sizes] }) };
        expect((await collect(run(kind, script, tap, { timeout }))).error).toMatchObject({
          status: "DEADLINE_EXCEEDED",
        });
        // A call whose deadline passed before it was sent never reaches the handler.
        if (shared.waits.started.includes(name)) await expectAborted(shared, name, "DEADLINE_EXCEEDED", "CANCELLED");
        tap.end();
      }
      const name = newName();
      expect((await collect(run(kind, { name }, [], { timeout: -5 }))).error).toMatchObject({
        status: "DEADLINE_EXCEEDED",
      });
      expect(shared.waits.started).not.toContain(name);
    });

    row("deadline, far", "succeed, and the handler sees the remaining time", all, async (kind) => {
      const { value } = await collect(run(kind, {}, [1], { timeout: 60_000 }));
      expect(value?.left).toBeGreaterThan(0);
      expect(value?.left).toBeLessThanOrEqual(60_000);
    });

    row("deadline, inherited", "inherit the deadline of the handler that makes them", all, async (kind) => {
      const [name, signal] = [newName(), new AbortController().signal];
      const parent = { signal, deadline: Date.now() + 50, metadata: new Map() };
      const { error } = await collect(run(kind, { name, take: 0, wait: true }, [1], { parent, timeout: 60_000 }));
      expect(error).toMatchObject({ status: "DEADLINE_EXCEEDED" });
    });

    row(
      "limits",
      "pass at the limit of either side and fail one byte over it, in the first item or later",
      all,
      async (kind) => {
        const limits = { message: 10_000 };
        for (const [server, options] of [
          [{ limits }, {}],
          [{}, { limits }],
        ]) {
          const { setup, client } = await withOptions(server as ApiServerOptions, options as ClientOptions);
          const exact = limits.message - TEXT_OVERHEAD;
          if (!streaming(kind)) {
            expect(await client.echo.update({ text: "x".repeat(exact) })).toEqual({ text: "x".repeat(exact) });
            expect(await client.echo.update.safe({ text: "x".repeat(exact + 1) })).toMatchObject({
              error: { status: "MESSAGE_TOO_LARGE" },
            });
          } else if (kind.bytes) {
            // Raw bytes have no limit: they are split.
            const script = { name: newName(), ...(kind.down && { sizes: [25_000, 10_001] }) };
            const { sizes, value } = await collect(kind.begin(client, script, [10_001, 25_000]));
            expect([value?.bytes, sum(sizes)]).toEqual([kind.up ? 35_001 : 0, kind.down ? 35_001 : 0]);
          } else {
            for (const before of [[], [1, 2]]) {
              for (const [size, error] of [
                [exact, undefined],
                [exact + 1, { status: "MESSAGE_TOO_LARGE" }],
              ] as const) {
                const items = [...before, size];
                const ways = [
                  ...(kind.up ? [{ up: items, down: [] }] : []),
                  ...(kind.down ? [{ up: [], down: items }] : []),
                ];
                for (const way of ways) {
                  const name = newName();
                  const script = { name, ...(kind.down && { sizes: way.down }) };
                  const result = await collect(kind.begin(client, script, way.up));
                  if (error === undefined) expect(result.error).toBeUndefined();
                  else expect(result.error).toMatchObject(error);
                  await client.empty.get();
                  // A call that is cancelled in the packet that opens it may never begin.
                  await until(
                    "the handler's end",
                    () => !setup.waits.started.includes(name) || setup.waits.finished.includes(name),
                  );
                }
              }
            }
          }
          expect(await client.empty.get()).toEqual({});
        }
      },
    );

    row("limits, calls", "are queued where the server runs fewer at a time", all, async (kind) => {
      const { client } = await withOptions({ limits: { calls: 2 } });
      const running = Array.from({ length: 12 }, () =>
        kind.begin(client, { name: newName(), ...(kind.down && { sizes: [1, 2] }) }, [3, 4]),
      );
      for (const { error } of await Promise.all(running.map(collect))) expect(error).toBeUndefined();
    });

    row(
      "limits, queue",
      "fail with RESOURCE_EXHAUSTED if the queue is full, without effect on others",
      all,
      async (kind) => {
        const { setup, client } = await withOptions({ limits: { calls: 1 } }, { limits: { queuedCalls: 1 } });
        const [name, abort] = [newName(), new AbortController()];
        const first = kind.begin(client, { name, take: 0, wait: true }, [1], { signal: abort.signal });
        await until("the first", () => setup.waits.started.includes(name));
        const second = kind.begin(client, { name: newName() }, [1]);
        const { error } = await collect(kind.begin(client, { name: newName() }, [1]));
        expect(error).toMatchObject({ status: "RESOURCE_EXHAUSTED" });
        abort.abort();
        expect((await collect(first)).error).toMatchObject({ status: "CANCELLED" });
        expect((await collect(second)).error).toBeUndefined();
      },
    );

    row("limits, metadata", "fail with MESSAGE_TOO_LARGE over the limit of either side", all, async (kind) => {
      const limits = { metadata: 100 };
      const long = "x".repeat(200);
      const small = await withOptions({ limits });
      const name = newName();
      const up = await collect(kind.begin(small.client, { name }, [1], { metadata: { "x-long": long } }));
      expect(up.error).toMatchObject({ status: "MESSAGE_TOO_LARGE" });
      expect((await collect(kind.begin(small.client, { name: newName() }))).error).toBeUndefined();
      expect(small.setup.waits.started).not.toContain(name);
      const { client } = await withOptions({}, { limits });
      for (const where of ["headers", "trailers"]) {
        const script = {
          name: newName(),
          [where]: [{ name: "x-long", value: long }],
          ...(kind.down && { sizes: [1] }),
        };
        expect((await collect(kind.begin(client, script))).error).toMatchObject({ status: "MESSAGE_TOO_LARGE" });
      }
      expect((await collect(kind.begin(client, { name: newName() }))).error).toBeUndefined();
    });

    row("backpressure", "pause the producer whose consumer pauses, and no other", streaming, async (kind) => {
      const [window, size] = [4096, 1000];
      const { setup, client } = await withOptions(
        { limits: { window, windowGrowth: 1 } },
        { limits: { window, windowGrowth: 1 } },
      );
      // The items that fit into the window, and the one that exceeds it.
      const most = Math.ceil(window / itemCost(kind.bytes ? size : size + TEXT_OVERHEAD));
      const [name, source, abort] = [newName(), new Endless(size), new AbortController()];
      const script = { name, take: 0, ...(kind.down ? { endless: size } : { wait: true }) };
      const { sizes, result } = kind.begin(client, script, source, { signal: abort.signal });
      const sent = (): number => setup.waits.sent.get(name) ?? 0;
      if (kind.down) await until("a full window", () => sent() === most);
      if (kind.up) await until("a full window", () => source.taken === most);
      for (let others = 0; others < 5; others++) {
        const script = { name: newName(), ...(kind.down && { sizes: Array.from({ length: 20 }, () => size) }) };
        const { value, error } = await collect(
          kind.begin(
            client,
            script,
            Array.from({ length: 20 }, () => size),
          ),
        );
        expect(error).toBeUndefined();
        expect(value?.bytes).toBe(kind.up ? 20 * size : 0);
      }
      if (kind.down) expect(sent()).toBe(most);
      if (kind.up) expect(source.taken).toBe(most);
      const items = sizes[Symbol.asyncIterator]();
      if (kind.down) {
        for (let taken = 0; taken < 3 * most; taken++) await within("an item", items.next());
        await until("more of them", () => sent() >= 3 * most);
        expect(sent()).toBeLessThanOrEqual(4 * most + 1);
      }
      abort.abort();
      expect(await within("the result", result)).toMatchObject({ ok: false });
      await expectAborted(setup, name, "CANCELLED");
      if (kind.up) await until("the source's end", () => source.left);
    });

    row("cardinality", "with items out of turn end with a reason", connecting, async (kind) => {
      const setup = shared;
      const item = { kind: FRAME.ITEM, id: 1, body: kind.bytes ? "x" : '{"text":"x"}' } as const;
      const end = { kind: FRAME.END, id: 1 } as const;
      for (const [frames, reason] of kind.up
        ? ([
            [[item, end, item], "ITEM for call 1, whose request is complete"],
            [[end, end], "END for call 1, whose request is complete"],
          ] as const)
        : ([
            [[item], "ITEM for call 1, whose request is complete"],
            [[end], "END for call 1, whose request is complete"],
          ] as const)) {
        const name = newName();
        const peer = new RawPeer(await setup.transport.open()).hello([kind.id]);
        peer.open(1, JSON.stringify({ name, wait: true }), { flags: kind.up ? FLAG.STREAM : 0, credit: 1000 });
        await until("the handler", () => setup.waits.started.includes(name));
        peer.send(...frames);
        expect(await peer.reason()).toBe(reason);
        await expectAborted(setup, name, "UNAVAILABLE");
      }
    });

    row("peers", "whose peer sends garbage end with a reason", connecting, async (kind) => {
      const setup = shared;
      for (const garbage of [Buffer.from("GET / HTTP/1.1\r\n\r\n"), Buffer.alloc(100, 0xff)]) {
        const name = newName();
        const peer = new RawPeer(await setup.transport.open()).hello([kind.id]);
        peer.open(1, JSON.stringify({ name, wait: true }), { flags: kind.up ? FLAG.STREAM : 0, credit: 1000 });
        await until("the handler", () => setup.waits.started.includes(name));
        expect(await peer.bytes(garbage).reason()).toContain("unknown frame kind");
        await expectAborted(setup, name, "UNAVAILABLE");
      }
    });

    const vanish = "that lose the other side fail with UNAVAILABLE, and every `finally` runs";
    row("vanishing", vanish, connecting, async (kind) => {
      for (const how of ["transport", "server"] as const) {
        const { setup, client } = await begin({});
        const [name, tap] = [newName(), new Tap()];
        tap.push(5);
        const script = { name, take: kind.up ? 1 : 0, wait: true, ...(kind.down && { sizes: [7, 8] }) };
        const running = kind.begin(client, script, tap);
        await until("the handler", () => setup.waits.started.includes(name));
        if (kind.up) await until("the item", () => setup.waits.taken.get(name) === 1);
        if (how === "transport") setup.duplexes[0]?.destroy();
        else await within("the server's end", setup.close());
        expect((await collect(running)).error).toMatchObject({ status: "UNAVAILABLE" });
        await expectAborted(setup, name, "UNAVAILABLE");
        tap.end();
        await endOwn();
      }
    });

    const drains = (): boolean => grace;

    row(
      "draining",
      "that run may finish during a graceful shutdown, and new ones are refused",
      drains,
      async (kind) => {
        const { setup, client } = await begin({}, { limits: { window: 2000, windowGrowth: 1 } });
        const [name, tap, sizes] = [newName(), new Tap(), Array.from({ length: 20 }, () => 1000)];
        tap.push(5);
        const running: { readonly sizes: Iterable<number> | AsyncIterable<number>; readonly result: Promise<unknown> } =
          streaming(kind)
            ? kind.begin(client, { name, ...(kind.down && { sizes }) }, tap)
            : { sizes: [], result: client.sleep.get.safe({ ms: 600 }) };
        if (kind.up) await until("the first item", () => setup.waits.taken.get(name) === 1);
        else if (kind.down) await until("the first item", () => setup.waits.sent.has(name));
        else await client.empty.get();
        // The state lasts as long as the call, so polling could miss it.
        const draining = new Promise<void>((resolve) =>
          client.on("state", (state) => state === "draining" && resolve()),
        );
        const closed = setup.close({ grace: 20_000 });
        await within("the drain", draining);
        expect((await collect(kind.begin(client, { name: newName() }))).error).toMatchObject({ status: "UNAVAILABLE" });
        tap.push(6);
        tap.end();
        let taken = 0;
        for await (const size of running.sizes) taken += size;
        expect(await within("the result", running.result)).toMatchObject({ ok: true });
        expect(taken).toBe(kind.down ? 20_000 : 0);
        await within("the server's end", closed);
      },
    );

    if (!soak) return;

    row("soak", "return complete, many at a time and many in turn", all, async (kind) => {
      const items = [100, 0, 20_000];
      const check = async (): Promise<void> => {
        const { sizes, value } = await collect(run(kind, kind.down ? { sizes: items } : {}, items));
        expect([value?.bytes, sum(sizes)]).toEqual([kind.up ? 20_100 : 0, kind.down ? 20_100 : 0]);
      };
      await within("the parallel calls", Promise.all(Array.from({ length: rounds(100) }, check)));
      for (let turn = 0; turn < rounds(50); turn++) await check();
    });
  });
}

/** Only unary calls have a default deadline. */
function left({ up, down }: Kind): object {
  return up || down ? {} : { left: expect.any(Number) };
}
