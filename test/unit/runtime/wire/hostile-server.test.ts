import { connectApi } from "sshrpc/generated";
import { RpcError } from "sshrpc/server";
import { describe, expect, test } from "vitest";
import { encodeFrame, FRAME, PREAMBLE, RawPeer } from "../../../support/raw-peer.js";
import { apiOf, connectRaw, type ItClient, method, transportTo } from "../support/server.js";
import { failure, until, within } from "../support/wait.js";

const UNAVAILABLE = { status: "UNAVAILABLE" };

describe("a server that breaks the protocol is disconnected, and pending calls end with the reason, after", () => {
  const reasons: [string, (peer: RawPeer) => void, string][] = [
    ["a STATUS for a call that is not open", (peer) => peer.answer(99), "STATUS for call 99"],
    ["a second STATUS for a call", (peer) => peer.answer(3).answer(3), "STATUS for call 3"],
    ["a STATUS with an even id", (peer) => peer.answer(2), "STATUS for call 2"],
    ["an oversize STATUS for a call that is not open", (peer) => peer.answer(99, 200, "x".repeat(5 << 20)), "call 99"],
    ["an OPEN that its HELLO does not announce", (peer) => peer.open(2), "OPEN of method 0, which HELLO does not list"],
    ["a second preamble", (peer) => peer.hello(), "unknown frame kind"],
    ["a second HELLO", (peer) => peer.send({ kind: FRAME.HELLO, id: 0, body: "{}" }), "a second HELLO"],
    ["an ITEM", (peer) => peer.send({ kind: FRAME.ITEM, id: 1, body: "1" }), "ITEM for call 1"],
    ["an END", (peer) => peer.send({ kind: FRAME.END, id: 1 }), "END for call 1"],
    [
      "an ITEM for a call that is not open",
      (peer) => peer.send({ kind: FRAME.ITEM, id: 99, body: "1" }),
      "ITEM for call 99, which is not open",
    ],
    ["a CREDIT", (peer) => peer.send({ kind: FRAME.CREDIT, id: 1, credit: 1 }), "CREDIT for call 1"],
    [
      "malformed trailers",
      (peer) => peer.send({ kind: FRAME.STATUS, id: 1, code: 200, metadata: "{" }),
      "metadata: invalid JSON",
    ],
    ["garbage", (peer) => peer.bytes(Buffer.from("Connection to edge closed.\n")), "unknown frame kind"],
    [
      "an oversize frame other than a STATUS",
      (peer) => peer.send({ kind: FRAME.CLOSE, id: 0, body: "x".repeat(5 << 20) }),
      "CLOSE of",
    ],
  ];

  test.each(reasons)("%s", async (_, misbehave, reason) => {
    const { client, peer } = await connectRaw();
    const calls = [client.it.get.safe(), client.it.get.safe(), client.it.get.safe()];
    await until("three calls", () => peer.frames.filter(({ kind }) => kind === FRAME.OPEN).length === 3);
    misbehave(peer);
    expect(await peer.reason()).toContain(reason);
    const results = await within("the calls' ends", Promise.all(calls));
    const failed = results.flatMap((result) => (result.ok ? [] : [result.error]));
    expect(failed.length).toBeGreaterThanOrEqual(2);
    for (const error of failed) {
      expect(error).toMatchObject({ ...UNAVAILABLE, method: "GET /it" });
      expect(error.message).toContain("the server at memory broke the protocol: ");
      expect(error.message).toContain(reason);
    }
    expect(await failure(client.it.get())).toMatchObject(UNAVAILABLE);
  });
});

describe("a server that calls its client", () => {
  async function connect(calls: number): Promise<{ client: ItClient; peer: RawPeer }> {
    let peer: RawPeer | undefined;
    const transport = transportTo((far) => {
      peer = new RawPeer(far).hello(["GET /it"]);
    });
    const options = { limits: { calls }, reconnect: false, retries: 0 } as const;
    const client = await connectApi<ItClient>(apiOf(method("GET /it")), transport, options);
    return { client, peer: peer as RawPeer };
  }

  test("in a loop without reading the answers is disconnected before they fill the client's memory", async () => {
    const { client, peer } = await connect(100);
    const call = client.it.get.safe();
    await peer.next(FRAME.OPEN);
    peer.duplex.pause();
    for (let round = 0; client.state === "ready" && round < 100; round++) {
      for (let id = 2; id <= 200; id += 2) peer.open(id);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(await within("the call's end", call)).toMatchObject({
      error: { ...UNAVAILABLE, message: expect.stringContaining("answers wait because the peer does not read them") },
    });
  });

  test("and reads the answers is answered each time", async () => {
    const { client, peer } = await connect(2);
    for (let count = 1; count <= 100; count++) {
      peer.open(2 * count);
      expect(await peer.status()).toMatchObject({ id: 2 * count, code: 501 });
    }
    expect(client.state).toBe("ready");
    await client.close();
  });
});

describe("connecting to something other than an sshrpc server is UNAVAILABLE, and quotes what was received:", () => {
  const connect = (accept: (peer: RawPeer) => void, limits = {}) =>
    failure<RpcError>(
      connectApi(
        apiOf(),
        transportTo((far) => accept(new RawPeer(far))),
        { limits },
      ),
    );

  test.each([
    ["silence", () => undefined, 'received instead: ""'],
    ["a greeting and silence", (peer: RawPeer) => peer.bytes(Buffer.from("login: ")), 'received instead: "login: "'],
    ["a preamble and silence", (peer: RawPeer) => peer.bytes(PREAMBLE), "no HELLO within 300 ms"],
    [
      "another version",
      (peer: RawPeer) => peer.bytes(Buffer.from("\0sshrpc\x07")),
      "unsupported wire version 7; this side supports 1",
    ],
    [
      "a HELLO without limits",
      (peer: RawPeer) => peer.bytes(PREAMBLE).send({ kind: FRAME.HELLO, id: 0, body: '{"methods":[]}' }),
      "limits.message",
    ],
    [
      "endless error messages of a shell",
      (peer: RawPeer) => peer.bytes(Buffer.alloc(80_000, "command not found\n")),
      '"command not found\\n',
    ],
    [
      "a CLOSE before HELLO",
      (peer: RawPeer) =>
        peer.bytes(PREAMBLE).send({ kind: FRAME.CLOSE, id: 0, body: '{"message":"too many clients"}' }),
      "closed the connection: too many clients",
    ],
    [
      "a CLOSE together with HELLO",
      (peer: RawPeer) => {
        const hello = JSON.stringify({ methods: [], limits: { message: 1 << 20, calls: 64 } });
        peer
          .bytes(PREAMBLE)
          .send(
            { kind: FRAME.HELLO, id: 0, body: hello },
            { kind: FRAME.CLOSE, id: 0, body: '{"message":"not today"}' },
          );
      },
      "closed the connection: not today",
    ],
    [
      "a DRAIN together with HELLO",
      (peer: RawPeer) => {
        const hello = JSON.stringify({ methods: [], limits: { message: 1 << 20, calls: 64 } });
        const drain = encodeFrame({ kind: FRAME.DRAIN, id: 0, body: '{"message":"closing for the night"}' });
        peer.bytes(Buffer.concat([PREAMBLE, encodeFrame({ kind: FRAME.HELLO, id: 0, body: hello }), drain]));
      },
      "accepts no new calls: closing for the night",
    ],
    ["a frame before HELLO", (peer: RawPeer) => peer.bytes(PREAMBLE).answer(1), "STATUS before HELLO"],
    ["an end", (peer: RawPeer) => peer.duplex.end(), "the connection was lost"],
    ["a crash", (peer: RawPeer) => peer.duplex.destroy(), "the connection was lost"],
  ])("%s", async (_, accept, reason) => {
    const error = await connect(accept, { helloTimeout: 300 });
    expect(error).toMatchObject(UNAVAILABLE);
    expect(error.message).toContain(reason);
  });

  test("a signal that aborts before HELLO ends the attempt and its transport", async () => {
    const abort = new AbortController();
    let peer: RawPeer | undefined;
    const attempt = connectApi(
      apiOf(),
      transportTo((far) => {
        peer = new RawPeer(far);
        setTimeout(() => abort.abort(new Error("never mind")), 5);
      }),
      { signal: abort.signal },
    );
    expect(await failure(attempt)).toMatchObject({ status: "CANCELLED", cause: new Error("never mind") });
    await within("the transport's end", peer?.closed ?? Promise.resolve());
  });

  test("an aborted signal opens no transport", async () => {
    let opened = 0;
    const attempt = connectApi(
      apiOf(),
      transportTo(() => opened++),
      { signal: AbortSignal.abort() },
    );
    expect(await failure(attempt)).toMatchObject({ status: "CANCELLED" });
    expect(opened).toBe(0);
  });
});

describe("an invalid answer fails only its call:", () => {
  test.each([
    [200, "", "INTERNAL", "the server's response: invalid JSON at line 1, column 1: unexpected end of input"],
    [200, "{", "INTERNAL", "the server's response: invalid JSON at line 1, column 2: unexpected end of input"],
    [200, '{"__proto__":{}}', "INTERNAL", 'invalid JSON: the key "__proto__"'],
    [404, "{", "NOT_FOUND", "not found"],
    [404, "", "NOT_FOUND", "not found"],
    [404, '{"message":"☺ no\\tsuch","details":{"__proto__":1}}', "NOT_FOUND", "not found"],
    [418, '{"message":"a teapot"}', "BAD_REQUEST", "a teapot"],
    [0, "null", "INTERNAL", "internal"],
  ])("STATUS %i with %j is %s", async (code, body, status, message) => {
    const { client, peer } = await connectRaw();
    const call = client.it.get();
    await peer.next(FRAME.OPEN);
    peer.answer(1, code, body);
    const error = await failure<RpcError>(call);
    expect(error).toBeInstanceOf(RpcError);
    expect(error.status).toBe(status);
    expect(error.message).toContain(message);
    const next = client.it.get();
    await peer.next(FRAME.OPEN);
    peer.answer(1, 200, "7");
    expect(await within("the answer", next)).toBe(7);
    await client.close();
  });

  test("an oversize STATUS is MESSAGE_TOO_LARGE, whether it is decoded or skipped", async () => {
    const { client, peer } = await connectRaw({ limits: { message: 1000 } });
    for (const size of [1001, 100_000, 3_000_000]) {
      const call = client.it.get();
      await peer.next(FRAME.OPEN);
      peer.answer(1, 200, `"${"x".repeat(size - 2)}"`);
      expect(await failure(call)).toMatchObject({ status: "MESSAGE_TOO_LARGE", method: "GET /it" });
    }
    const call = client.it.get();
    await peer.next(FRAME.OPEN);
    peer.answer(1, 200, `"${"x".repeat(998)}"`);
    expect(await within("the answer", call)).toHaveLength(998);
    await client.close();
  });

  test("trailers over the limit are MESSAGE_TOO_LARGE", async () => {
    const { client, peer } = await connectRaw({ limits: { metadata: 100 } });
    const call = client.it.get();
    await peer.next(FRAME.OPEN);
    peer.send({ kind: FRAME.STATUS, id: 1, code: 200, metadata: `[["a","${"x".repeat(100)}"]]`, body: "1" });
    expect(await failure(call)).toMatchObject({ status: "MESSAGE_TOO_LARGE" });
    await client.close();
  });

  test("a call of the server is answered UNIMPLEMENTED by a client without methods", async () => {
    let peer: RawPeer | undefined;
    const client = await connectApi(
      apiOf(),
      transportTo((far) => {
        peer = new RawPeer(far).hello(["GET /callback"]);
      }),
    );
    peer?.open(2);
    expect(await peer?.status()).toMatchObject({ id: 2, code: 501, body: { message: "this side serves no methods" } });
    await client.close();
  });
});

describe("calls that wait for a free place", () => {
  const opens = (peer: RawPeer): number => peer.frames.filter(({ kind }) => kind === FRAME.OPEN).length;

  test("are sent in order, as soon as the server can run them", async () => {
    const { client, peer } = await connectRaw({ remote: { calls: 2 } });
    const answers = [1, 2, 3, 4, 5].map((n) => client.it.get(n));
    for (const n of [1, 2, 3, 4, 5]) {
      const { id, payload } = await peer.next(FRAME.OPEN);
      expect(payload.toString("utf8", 10)).toBe(`${n}`);
      expect(opens(peer)).toBeLessThanOrEqual(n + 1);
      peer.answer(id, 200, `${n}`);
    }
    expect(await within("the answers", Promise.all(answers))).toEqual([1, 2, 3, 4, 5]);
    await client.close();
  });

  test("are rejected when too many wait", async () => {
    const { client, peer } = await connectRaw({ remote: { calls: 1 }, limits: { queuedCalls: 2 } });
    const calls = [client.it.get.safe(), client.it.get.safe(), client.it.get.safe()];
    expect(await failure(client.it.get())).toMatchObject({
      status: "RESOURCE_EXHAUSTED",
      message: expect.stringContaining("limits.queuedCalls"),
    });
    for (const _ of calls) peer.answer((await peer.next(FRAME.OPEN)).id);
    expect((await within("the answers", Promise.all(calls))).every(({ ok }) => ok)).toBe(true);
    await client.close();
  });

  test("can be cancelled or exceed their deadline, and are then never sent", async () => {
    const { client, peer } = await connectRaw({ remote: { calls: 1 } });
    const abort = new AbortController();
    const first = client.it.get("first");
    const cancelled = client.it.get("cancelled", { signal: abort.signal });
    const late = client.it.get("late", { timeout: 5 });
    const last = client.it.get("last");
    abort.abort();
    expect(await failure(cancelled)).toMatchObject({ status: "CANCELLED" });
    expect(await failure(late)).toMatchObject({ status: "DEADLINE_EXCEEDED" });
    await peer.next(FRAME.OPEN);
    peer.answer(1);
    const { payload } = await peer.next(FRAME.OPEN);
    expect(payload.toString("utf8", 10)).toBe('"last"');
    peer.answer(1);
    await within("the answers", Promise.all([first, last]));
    expect(opens(peer)).toBe(2);
    await client.close();
  });

  test("also wait for cancelled calls, until the server has answered those", async () => {
    const { client, peer } = await connectRaw({ remote: { calls: 1 } });
    const abort = new AbortController();
    const first = client.it.get("first", { signal: abort.signal });
    await peer.next(FRAME.OPEN);
    abort.abort();
    expect(await failure(first)).toMatchObject({ status: "CANCELLED" });
    const second = client.it.get("second");
    await peer.next(FRAME.CANCEL);
    expect(opens(peer)).toBe(1);
    peer.answer(1, 200, '"late"');
    await peer.next(FRAME.OPEN);
    peer.answer(1, 200, '"second"');
    expect(await within("the answer", second)).toBe("second");
    await client.close();
  });

  test("continue after none has waited for a while", async () => {
    const { client, peer } = await connectRaw({ remote: { calls: 1 } });
    for (const round of [1, 2, 3]) {
      const answers = [client.it.get("a"), client.it.get("b"), client.it.get("c")];
      for (const expected of ["a", "b", "c"]) {
        const { id, payload } = await peer.next(FRAME.OPEN);
        expect(payload.toString("utf8", 10)).toBe(`"${expected}"`);
        peer.answer(id, 200, `"${expected}${round}"`);
      }
      expect(await within("the answers", Promise.all(answers))).toEqual([`a${round}`, `b${round}`, `c${round}`]);
    }
    await client.close();
  });

  test("leave their place to another one when they are cancelled, once each", async () => {
    const { client, peer } = await connectRaw({ remote: { calls: 1 }, limits: { queuedCalls: 1 } });
    const first = client.it.get("first");
    for (let round = 0; round < 3; round++) {
      const abort = new AbortController();
      const cancelled = client.it.get("cancelled", { signal: abort.signal });
      abort.abort();
      abort.abort();
      expect(await failure(cancelled)).toMatchObject({ status: "CANCELLED" });
    }
    const last = client.it.get("last");
    expect(await failure(client.it.get("too many"))).toMatchObject({ status: "RESOURCE_EXHAUSTED" });
    for (const call of [first, last]) {
      peer.answer((await peer.next(FRAME.OPEN)).id);
      await within("the answer", call);
    }
    expect(opens(peer)).toBe(2);
    await client.close();
  });

  test("are sent over the next connection, in order, if the first one is lost", async () => {
    const peers: RawPeer[] = [];
    const transport = transportTo((far) => peers.push(new RawPeer(far).hello([], { calls: 1 })));
    const api = apiOf(method("GET /it", { idempotent: false }));
    const client = await connectApi<ItClient>(api, transport, { reconnect: { minDelay: 1 } });
    const lost = client.it.get.safe("sent");
    const waiting = ["a", "b", "c"].map((request) => client.it.get(request));
    await peers[0]?.next(FRAME.OPEN);
    peers[0]?.duplex.destroy();
    const next = await until("the next connection", () => peers[1]);
    for (const request of ["a", "b", "c"]) {
      const { id, payload } = await next.next(FRAME.OPEN);
      expect(payload.toString("utf8", 10)).toBe(`"${request}"`);
      next.answer(id, 200, `"${request}"`);
    }
    expect(await within("the answers", Promise.all(waiting))).toEqual(["a", "b", "c"]);
    expect(await lost).toMatchObject({ ok: false, error: UNAVAILABLE });
    await client.close();
  });

  test("end with the connection, once each", async () => {
    const { client, peer } = await connectRaw({ remote: { calls: 1 } });
    const calls = Array.from({ length: 100 }, () => client.it.get.safe());
    await peer.next(FRAME.OPEN);
    peer.duplex.destroy();
    for (const result of await within("the calls' ends", Promise.all(calls))) {
      expect(result).toMatchObject({ ok: false, error: UNAVAILABLE });
    }
  });
});

describe("frames that cross", () => {
  test("a status that crosses a cancel is dropped, and its id is reused", async () => {
    const { client, peer } = await connectRaw();
    const abort = new AbortController();
    const call = client.it.get("a", { signal: abort.signal });
    await peer.next(FRAME.OPEN);
    abort.abort();
    peer.answer(1, 200, '"too late"');
    expect(await failure(call)).toMatchObject({ status: "CANCELLED" });
    await peer.next(FRAME.CANCEL);
    const next = client.it.get("b");
    const { id } = await peer.next(FRAME.OPEN);
    peer.answer(id, 200, '"b"');
    expect(await within("the answer", next)).toBe("b");
    await client.close();
  });

  test("answers may come in any order", async () => {
    const { client, peer } = await connectRaw();
    const calls = [0, 1, 2, 3].map((n) => client.it.get(n));
    const ids: number[] = [];
    for (const _ of calls) ids.push((await peer.next(FRAME.OPEN)).id);
    expect(ids).toEqual([1, 3, 5, 7]);
    for (const [index, id] of [...ids.entries()].reverse()) peer.answer(id, 200, `${index}`);
    expect(await within("the answers", Promise.all(calls))).toEqual([0, 1, 2, 3]);
    await client.close();
  });
});

describe("the end of a connection", () => {
  test("a server's CLOSE ends every call with its reason", async () => {
    const { client, peer } = await connectRaw();
    const call = client.it.get();
    await peer.next(FRAME.OPEN);
    peer.send({ kind: FRAME.CLOSE, id: 0, body: '{"message":"going home"}' });
    expect(await failure(call)).toMatchObject({
      ...UNAVAILABLE,
      message: "the server at memory closed the connection: going home",
    });
    await within("the transport's end", peer.closed);
  });

  test("a client's close sends the reason, and resolves when the transport is closed", async () => {
    const { client, peer } = await connectRaw();
    const call = client.it.get.safe();
    await peer.next(FRAME.OPEN);
    await within("close", client.close());
    expect(await peer.reason()).toBe("the client was closed");
    expect(await within("the call's end", call)).toMatchObject({ ok: false, error: UNAVAILABLE });
    await within("a second close", client.close());
  });

  test("a server that never closes its side does not block the close of a client", async () => {
    const { client, peer } = await connectRaw();
    peer.duplex.removeAllListeners("end");
    await within("close", client.close());
  });

  test("DRAIN lets running calls finish, and rejects new ones", async () => {
    const { client, peer } = await connectRaw();
    const running = client.it.get();
    await peer.next(FRAME.OPEN);
    peer.send({ kind: FRAME.DRAIN, id: 0, body: "{}" }).answer(1, 200, "1");
    expect(await within("the answer", running)).toBe(1);
    expect(await failure(client.it.get())).toMatchObject(UNAVAILABLE);
    await client.close();
  });

  test("a status in the last chunk before the end counts", async () => {
    const { client, peer } = await connectRaw();
    const call = client.it.get();
    await peer.next(FRAME.OPEN);
    peer.duplex.end(encodeFrame({ kind: FRAME.STATUS, id: 1, code: 200, body: "1" }));
    expect(await within("the answer", call)).toBe(1);
  });

  test("a request over the server's limit is rejected before it is sent", async () => {
    const { client, peer } = await connectRaw({ remote: { message: 100 } });
    expect(await failure(client.it.get("x".repeat(99)))).toMatchObject({
      status: "MESSAGE_TOO_LARGE",
      message: "the request has 101 bytes; the limit is 100 (limits.message)",
    });
    const call = client.it.get("x".repeat(98));
    await peer.next(FRAME.OPEN);
    peer.answer(1);
    await within("the answer", call);
    expect(await failure(client.it.get("☺".repeat(34)))).toMatchObject({ status: "MESSAGE_TOO_LARGE" });
    await client.close();
  });
});
