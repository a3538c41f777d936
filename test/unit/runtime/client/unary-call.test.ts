import { type CallOptions, RpcError } from "sshrpc/client";
import { describe, expect, onTestFinished, test } from "vitest";
import { FRAME } from "../../../support/raw-peer.js";
import { connectRaw, only } from "../support/server.js";
import { failure, within } from "../support/wait.js";

/** Sends one call, and returns the OPEN that the server received. */
async function opened(...args: Parameters<Awaited<ReturnType<typeof connectRaw>>["client"]["it"]["get"]>) {
  const { client, peer } = await connectRaw({ timeout: 12_345 });
  const call = client.it.get(...args);
  const { payload, flags, id } = await peer.next(FRAME.OPEN);
  peer.answer(id);
  await within("the answer", call);
  await client.close();
  return { payload, flags, timeout: payload.readUInt32BE(2), rest: payload.toString("utf8", 10) };
}

test("a call without a response fails with its timeout in whole milliseconds", async () => {
  const { client } = await connectRaw();
  const error = await failure(client.it.get(0, { timeout: 20.0625 }));
  expect(error).toMatchObject({ status: "DEADLINE_EXCEEDED", message: "no response within 21 ms" });
});

describe("an OPEN", () => {
  test("holds the request as it was when the call was made", async () => {
    const { client, peer } = await connectRaw();
    const request = { text: "before", list: [1] };
    const calls = [client.it.get(0), client.it.get(request)];
    request.text = "after";
    request.list.push(2);
    for (const _ of calls) peer.answer((await peer.next(FRAME.OPEN)).id);
    await within("the answers", Promise.all(calls));
    const bodies = peer.frames
      .filter(({ kind }) => kind === FRAME.OPEN)
      .map(({ payload }) => payload.toString("utf8", 10));
    expect(bodies).toEqual(["0", '{"text":"before","list":[1]}']);
    await client.close();
  });

  test("holds the empty object if the request is omitted", async () => {
    expect((await opened()).rest).toBe("{}");
    expect((await opened(undefined)).rest).toBe("{}");
    expect((await opened(null)).rest).toBe("null");
  });

  test("holds the remaining time, from the timeout of the call, the method or the client", async () => {
    // Some of it may have passed on a busy machine.
    const isMostOf = (sent: number, timeout: number) => sent <= timeout && sent > timeout / 2;
    expect((await opened({}, { timeout: 777 })).timeout).toSatisfy((sent: number) => isMostOf(sent, 777));
    expect((await opened({})).timeout).toSatisfy((sent: number) => isMostOf(sent, 12_345));
    const { client, peer } = await connectRaw({ method: { timeout: 4321 } });
    const call = client.it.get();
    const sent = (await peer.next(FRAME.OPEN)).payload.readUInt32BE(2);
    expect(sent).toSatisfy((timeout: number) => isMostOf(timeout, 4321));
    peer.answer(1);
    await within("the answer", call);
    await client.close();
  });

  test("holds the metadata with lower-case names and repeated values in order", async () => {
    const { flags, rest } = await opened({}, { metadata: { "X-Trace": "1", tag: ["a", "☺"] } });
    expect(flags).toBe(1);
    expect(rest.slice(4)).toBe('[["x-trace","1"],["tag","a"],["tag","☺"]]{}');
  });
});

describe("a call fails before it is sent", () => {
  const refused = async (...args: Parameters<typeof opened>): Promise<RpcError> => {
    const { client, peer } = await connectRaw({ limits: { metadata: 50 } });
    const error = await failure<RpcError>(client.it.get(...args));
    expect(error).toBeInstanceOf(RpcError);
    expect(error.method).toBe("GET /it");
    await client.close();
    expect(peer.frames.filter(({ kind }) => kind === FRAME.OPEN)).toEqual([]);
    return error;
  };
  const cycle: unknown[] = [];
  cycle.push(cycle);

  test.each([
    ["a timeout that is not a number", {}, { timeout: Number.NaN }, "BAD_REQUEST"],
    ["a timeout that is text", {}, { timeout: "250" as unknown as number }, "BAD_REQUEST"],
    ["a timeout above the maximum timer delay", {}, { timeout: 2 ** 31 }, "BAD_REQUEST"],
    ["an unknown option", {}, { deadline: 5 } as CallOptions, "BAD_REQUEST"],
    ["an object that is not a signal", {}, { signal: {} as AbortSignal }, "BAD_REQUEST"],
    ["a timeout of 0", {}, { timeout: 0 }, "DEADLINE_EXCEEDED"],
    ["a deadline that has passed", {}, { timeout: -5 }, "DEADLINE_EXCEEDED"],
    ["a signal that has aborted", {}, { signal: AbortSignal.abort("why") }, "CANCELLED"],
    ["an invalid header name", {}, { metadata: { "a b": "c" } }, "BAD_REQUEST"],
    ["headers over the limit", {}, { metadata: { a: "x".repeat(50) } }, "MESSAGE_TOO_LARGE"],
    ["a bigint", { big: 1n }, {}, "BAD_REQUEST"],
    ["a cycle", cycle, {}, "BAD_REQUEST"],
  ] as const)("for %s", async (_, request, options, status) => {
    const error = await refused(request, options);
    expect(error.status).toBe(status);
    expect(error.message).not.toContain("\n");
  });

  test("for an invalid request, with its issues", async () => {
    const { client } = await connectRaw({ method: { request: only(() => false) } });
    const error = await failure<RpcError>(client.it.get({}));
    expect(`${error}`).toBe("BAD_REQUEST: GET /it: /x must fit");
    expect(error.details).toEqual({ issues: [{ path: "/x", keyword: "test", message: "must fit" }] });
    await client.close();
  });

  test("with the reason of its signal as the cause", async () => {
    expect((await refused({}, { signal: AbortSignal.abort("why") })).cause).toBe("why");
  });
});

describe("a response", () => {
  test("is INTERNAL if it violates the contract", async () => {
    const { client, peer } = await connectRaw({ method: { response: only((value) => value === 1) } });
    const call = client.it.get();
    await peer.next(FRAME.OPEN);
    peer.answer(1, 200, "2");
    expect(`${await failure(call)}`).toBe("INTERNAL: GET /it: the response does not match the schema: /x must fit");
    await client.close();
  });

  test("is INTERNAL if the declared details are invalid, and quotes the original status", async () => {
    const { client, peer } = await connectRaw({ method: { errors: { NOT_FOUND: only((value) => value === 1) } } });
    for (const [body, status] of [
      ['{"message":"no","details":1}', "NOT_FOUND"],
      ['{"message":"no","details":2}', "INTERNAL"],
      ['{"message":"no"}', "INTERNAL"],
    ] as const) {
      const call = client.it.get();
      await peer.next(FRAME.OPEN);
      peer.answer(1, 404, body);
      const error = await failure<RpcError>(call);
      expect(error.status).toBe(status);
      expect(error.message).toContain(status === "INTERNAL" ? "the server answered NOT_FOUND: no;" : "no");
    }
    await client.close();
  });

  test("is returned as a value by `safe`, regardless of the failure", async () => {
    const { client, peer } = await connectRaw();
    const call = client.it.get.safe();
    await peer.next(FRAME.OPEN);
    peer.answer(1, 409, '{"message":"taken","details":{"by":"bob"}}');
    const result = await within("the result", call);
    expect(result).toMatchObject({
      ok: false,
      error: { status: "CONFLICT", details: { by: "bob" }, method: "GET /it" },
    });
    expect(await client.it.get.safe({}, { timeout: Number.NaN })).toMatchObject({ ok: false });
    await client.close();
    expect(await client.it.get.safe()).toMatchObject({ ok: false, error: { status: "UNAVAILABLE" } });
  });

  test("leaves no listener on a shared signal, and causes no MaxListenersExceededWarning", async () => {
    const { client, peer } = await connectRaw();
    const warnings: Error[] = [];
    const warn = (warning: Error) => warnings.push(warning);
    process.on("warning", warn);
    onTestFinished(() => void process.off("warning", warn));
    const abort = new AbortController();
    let listeners = 0;
    const { signal } = abort;
    const [add, remove] = [signal.addEventListener, signal.removeEventListener];
    signal.addEventListener = (...args: unknown[]) => {
      listeners++;
      Reflect.apply(add, signal, args);
    };
    signal.removeEventListener = (...args: unknown[]) => {
      listeners--;
      Reflect.apply(remove, signal, args);
    };
    const calls = Array.from({ length: 50 }, () => client.it.get({}, { signal }));
    expect(listeners).toBe(1);
    for (const _ of calls) peer.answer((await peer.next(FRAME.OPEN)).id);
    await within("the answers", Promise.all(calls));
    expect(listeners).toBe(0);
    expect(warnings).toEqual([]);
    await client.close();
  });

  test("fails only its own call if onTrailers throws", async () => {
    const { client, peer } = await connectRaw();
    const onTrailers = () => {
      throw new Error("mine");
    };
    const call = client.it.get({}, { onTrailers });
    await peer.next(FRAME.OPEN);
    peer.answer(1);
    expect(await failure(call)).toMatchObject({ status: "INTERNAL", message: "mine" });
    const next = client.it.get();
    await peer.next(FRAME.OPEN);
    peer.answer(1, 200, "1");
    expect(await within("the answer", next)).toBe(1);
    await client.close();
  });
});
