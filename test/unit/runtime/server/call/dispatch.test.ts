import type { ErrorStatus } from "sshrpc/contract";
import { type Context, RpcError } from "sshrpc/server";
import { describe, expect, test } from "vitest";
import { FLAG, FRAME } from "../../../../support/raw-peer.js";
import { ALICE, only, type RawServed, serveRaw } from "../../support/server.js";
import { failure, until } from "../../support/wait.js";

type Answer = { code: number; body: { message?: string; details?: unknown } };

/** One call of `GET /it`, and its answer. */
async function call(
  handler: (request: unknown, ctx: Context) => unknown,
  options: Parameters<typeof serveRaw>[1] & { readonly body?: string; readonly reference?: string } = {},
): Promise<Answer & { log: RawServed["log"] }> {
  const { body, reference = "GET /it", ...rest } = options;
  const { peer, log } = await serveRaw(handler, rest);
  peer.hello([reference]).open(1, body);
  const answer = await peer.status();
  peer.duplex.destroy();
  return { ...answer, log };
}

const fails = () => {
  throw new Error("the handler ran");
};

describe("the order is authorize, decode, validate, handle", () => {
  const refusesAll = only(() => false);
  const outsider = { user: "bob", scopes: ["other:*"] };

  test("a missing scope is reported before the request is decoded", async () => {
    const { code, body } = await call(fails, {
      peer: outsider,
      method: { scope: "it:read", request: refusesAll },
      body: "{",
    });
    expect(code).toBe(403);
    expect(body.message).toBe("missing scope it:read (bob has other:*)");
  });

  test("invalid JSON is reported before validation", async () => {
    const { code, body } = await call(fails, { method: { request: refusesAll }, body: "{" });
    expect(code).toBe(400);
    expect(body.message).toContain("invalid JSON at line 1, column ");
  });

  test("an invalid request does not reach the handler", async () => {
    const { code, body } = await call(fails, { method: { request: refusesAll }, body: "{}" });
    expect(code).toBe(400);
    expect(body.details).toEqual({ issues: [{ path: "/x", keyword: "test", message: "must fit" }] });
  });

  test.each([
    [["it:read"], 200],
    [["it:*"], 200],
    [["*"], 200],
    [["it:readx"], 403],
    [["it:rea"], 403],
    [["it*"], 200],
    [[], 403],
  ])("a peer with the scopes %j gets %i from a method that requires it:read", async (scopes, code) => {
    const answer = await call(() => 1, { peer: { user: "bob", scopes }, method: { scope: "it:read" } });
    expect(answer.code).toBe(code);
  });
});

describe("a request", () => {
  test("without a body is the empty object", async () => {
    expect(await call((request) => request)).toMatchObject({ code: 200, body: {} });
  });

  test("takes fields from its path", async () => {
    const method = { id: "GET /it/{n}", path: "/it/{n}", params: { n: "integer" } } as const;
    const echo = (request: unknown) => request;
    const reference = "GET /it/7";
    expect((await call(echo, { method, reference, body: '{"a":1}' })).body).toEqual({ a: 1, n: 7 });
    expect((await call(echo, { method, reference, body: '{"n":7}' })).body).toEqual({ n: 7 });
    expect(await call(fails, { method, reference, body: '{"n":8}' })).toMatchObject({
      code: 400,
      body: { message: "n: conflicting values: 7 in the path, 8 in the request" },
    });
    expect((await call(echo, { method, reference, body: "[1]" })).body).toEqual([1]);
  });

  test("may have a field named like an inherited property", async () => {
    const method = { id: "GET /it/{valueOf}", path: "/it/{valueOf}", params: { valueOf: "string" } as never };
    const answer = await call((request) => request, { method, reference: "GET /it/x", body: "{}" });
    expect(answer).toMatchObject({ code: 200, body: { valueOf: "x" } });
  });
});

describe("the return value of a handler", () => {
  test("is the response, synchronously or later; undefined is null", async () => {
    expect((await call(() => "now")).body).toBe("now");
    expect((await call(async () => "later")).body).toBe("later");
    expect((await call(() => undefined)).body).toBeNull();
  });

  test("causes INTERNAL if it does not match the contract, with the issues in the log only", async () => {
    const { code, body, log } = await call(() => 1, { method: { response: only(() => false) } });
    expect(code).toBe(500);
    expect(body.message).not.toContain("must fit");
    expect(`${log.lines[0]?.fields["err"]}`).toContain(
      "the handler's response does not match the contract: /x must fit",
    );
  });

  test.each([
    ["a bigint", () => 1n],
    [
      "a cycle",
      () => {
        const a: unknown[] = [];
        a.push(a);
        return a;
      },
    ],
  ])("causes INTERNAL if it is %s", async (_, handler) => {
    expect((await call(handler)).code).toBe(500);
    expect((await call(async () => handler())).code).toBe(500);
  });

  test("causes MESSAGE_TOO_LARGE over the limit of either side", async () => {
    const { peer } = await serveRaw((size) => "x".repeat(size as number), { limits: { message: 1000 } });
    peer.hello(["GET /it"], { message: 500 }).open(1, "498").open(3, "499");
    expect(await peer.status()).toMatchObject({ id: 1, code: 200 });
    expect(await peer.status()).toMatchObject({
      id: 3,
      code: 413,
      body: { message: "the response has 501 bytes; the limit is 500 (limits.message)" },
    });
    peer.duplex.destroy();
  });

  test("may be a thenable that settles more than once", async () => {
    const { peer } = await serveRaw(
      (request) => {
        if (request !== "odd") return request;
        return {
          // biome-ignore lint/suspicious/noThenProperty: this is the point
          then(resolve: (value: unknown) => void, reject: (error: unknown) => void) {
            resolve("first");
            reject(new Error("second"));
            throw new Error("third");
          },
        };
      },
      { limits: { calls: 1 } },
    );
    peer.hello(["GET /it"]);
    for (let round = 0; round < 5; round++) {
      peer.open(1, '"odd"');
      expect(await peer.status()).toMatchObject({ code: 200, body: "first" });
    }
    peer.open(1, "1");
    expect(await peer.status()).toMatchObject({ code: 200, body: 1 });
    peer.duplex.destroy();
  });
});

describe("an error of a handler", () => {
  test("gives status, message and details if it is an RpcError", async () => {
    const error = new RpcError("CONFLICT", "\ttaken ☺", { details: { by: "bob" } });
    for (const handler of [
      () => {
        throw error;
      },
      async () => {
        throw error;
      },
    ]) {
      expect(await call(handler)).toMatchObject({ code: 409, body: { message: "\ttaken ☺", details: { by: "bob" } } });
    }
  });

  test.each([[new Error("secret")], ["secret"], [undefined], [null], [{ secret: 1 }]])(
    "gives INTERNAL with a reference for %s, and the log has the error",
    async (thrown) => {
      const { code, body, log } = await call(() => {
        throw thrown;
      });
      expect(code).toBe(500);
      expect(JSON.stringify(body)).not.toContain("secret");
      const [line] = log.lines;
      expect(line).toMatchObject({ level: "error", fields: { method: "GET /it", user: "alice" } });
      expect(line?.fields["err"]).toBe(thrown);
      expect(body.details).toEqual({ reference: line?.fields["reference"] });
      expect(body.message).toContain(line?.fields["reference"] as string);
    },
  );

  test("is sent to the caller with exposeErrors", async () => {
    const { body } = await call(
      () => {
        throw new Error("boom");
      },
      { exposeErrors: true },
    );
    expect(body).toMatchObject({ message: "boom", details: { stack: expect.stringContaining("dispatch.test.ts") } });
  });

  test("gives INTERNAL if its details do not match the schema", async () => {
    const method = { errors: { CONFLICT: only((value) => value === 1) } };
    expect(
      (
        await call(
          () => {
            throw new RpcError("CONFLICT", "x", { details: 1 });
          },
          { method },
        )
      ).code,
    ).toBe(409);
    expect(
      (
        await call(
          () => {
            throw new RpcError("CONFLICT", "x", { details: 2 });
          },
          { method },
        )
      ).code,
    ).toBe(500);
    expect(
      (
        await call(
          () => {
            throw new RpcError("CONFLICT");
          },
          { method },
        )
      ).code,
    ).toBe(500);
  });

  test("leaves errors of the runtime alone if the method declares the same status", async () => {
    const errors = { FORBIDDEN: only(() => false), BAD_REQUEST: only(() => false) };
    const peer = { user: "bob", scopes: [] };
    expect((await call(fails, { peer, method: { errors, scope: "it:read" } })).code).toBe(403);
    expect((await call(fails, { method: { errors, request: only(() => false) } })).code).toBe(400);
    expect((await call(fails, { method: { errors }, body: "{" })).code).toBe(400);
  });

  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  test.each([
    ["a bigint", 1n],
    ["a cycle", cycle],
    [
      "a value whose toJSON throws",
      {
        toJSON: () => {
          throw new Error("no");
        },
      },
    ],
  ])("gives INTERNAL if its details are %s, without crashing the server", async (_, details) => {
    for (const handler of [
      () => {
        throw new RpcError("CONFLICT", "x", { details });
      },
      async () => {
        throw new RpcError("CONFLICT", "x", { details });
      },
    ]) {
      const { code, log } = await call(handler);
      expect(code).toBe(500);
      expect(log.lines.some(({ level }) => level === "error")).toBe(true);
    }
  });

  test("gives MESSAGE_TOO_LARGE if it is over 8 KiB and the limit", async () => {
    const { code, body } = await call(
      () => {
        throw new RpcError("CONFLICT", "x".repeat(9000));
      },
      { limits: { message: 1000 } },
    );
    expect(code).toBe(413);
    expect(body.message).toContain("the error (CONFLICT) has");
  });

  test.each(["OK", "TEAPOT", undefined])(
    "gives INTERNAL if its status is %s, which is not an error status",
    async (status) => {
      expect(
        (
          await call(() => {
            throw new RpcError(status as ErrorStatus, "x");
          })
        ).code,
      ).toBe(500);
    },
  );
});

describe("time", () => {
  const sleeping = (_: unknown, ctx: Context) =>
    new Promise((resolve) => ctx.signal.addEventListener("abort", () => resolve(ctx.signal.reason)));

  test("of the caller ends the call and aborts the handler's signal", async () => {
    let context: Context | undefined;
    const { peer } = await serveRaw((request, ctx) => {
      context = ctx;
      return sleeping(request, ctx);
    });
    peer.hello(["GET /it"]).open(1, "{}", { timeout: 5 });
    expect(await peer.status()).toMatchObject({ code: 504 });
    expect(context?.signal.reason).toMatchObject({ status: "DEADLINE_EXCEEDED" });
    peer.duplex.destroy();
  });

  test("defaults to that of the method, then that of the server", async () => {
    expect((await call(sleeping, { timeout: 60_000, method: { timeout: 5 } })).code).toBe(504);
    expect((await call(sleeping, { timeout: 5 })).code).toBe(504);
  });

  test("determines ctx.deadline", async () => {
    const { peer } = await serveRaw((_, ctx) => ctx.deadline - Date.now());
    peer.hello(["GET /it"]).open(1, "{}", { timeout: 60_000 });
    const { body } = await peer.status();
    expect(body).toBeGreaterThan(30_000);
    expect(body).toBeLessThanOrEqual(60_000);
    peer.duplex.destroy();
  });

  test("may be as long as the wire allows, beyond what a timer accepts", async () => {
    let finish: (value: unknown) => void = () => undefined;
    const { peer } = await serveRaw(
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    );
    peer.hello(["GET /it"]).open(1, "{}", { timeout: 0xffff_ffff });
    peer.open(3, "{}", { timeout: 1 });
    expect(await peer.status()).toMatchObject({ id: 3, code: 504 });
    peer.send({ kind: FRAME.CANCEL, id: 1 });
    expect(await peer.status()).toMatchObject({ id: 1, code: 499 });
    finish(null);
    peer.duplex.destroy();
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])(
    "of %s is refused when the server starts",
    async (timeout) => {
      await expect(serveRaw(() => 1, { timeout })).rejects.toThrow(
        `option timeout: ${timeout} is not a number of ms over 0`,
      );
    },
  );
});

test("a handler's context has peer, metadata and method", async () => {
  const { peer } = await serveRaw((_, ctx) => ({ method: ctx.method, peer: ctx.peer, metadata: [...ctx.metadata] }), {
    peer: { ...ALICE, fingerprint: "SHA256:x" },
  });
  peer.hello(["GET /it"]).open(1, "{}", { metadata: '[["a","1"],["b","☺"],["a","2"]]' });
  expect((await peer.status()).body).toEqual({
    method: "GET /it",
    peer: { user: "alice", scopes: ["*"], fingerprint: "SHA256:x" },
    metadata: [
      ["a", ["1", "2"]],
      ["b", ["☺"]],
    ],
  });
  peer.duplex.destroy();
});

test("a lost connection aborts each running handler once, and is removed from the server", async () => {
  const reasons: unknown[] = [];
  let started = 0;
  const { peer, server } = await serveRaw((_, { signal }) => {
    started++;
    return new Promise((resolve) => {
      signal.addEventListener("abort", () => {
        reasons.push((signal.reason as RpcError).status);
        resolve(null);
      });
    });
  });
  peer.hello(["GET /it"]);
  for (let id = 1; id < 100; id += 2) peer.open(id);
  await until("fifty handlers", () => started === 50);
  peer.duplex.destroy();
  await until("no connection", () => server.clients.length === 0);
  expect(reasons).toEqual(Array.from({ length: 50 }, () => "UNAVAILABLE"));
});

test("a request stream that is still read when its handler returns ends with an error, not as complete", async () => {
  let reading: Promise<unknown> | undefined;
  const handler = async (_: unknown, items: AsyncIterable<unknown>): Promise<never> => {
    reading = (async () => {
      for await (const _item of items);
      return "complete";
    })();
    reading.catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    throw new RpcError("RESOURCE_EXHAUSTED", "the disk is full");
  };
  const streaming = { kind: "client-streaming", requestItem: only(() => true) } as const;
  const { peer } = await serveRaw(handler as unknown as Parameters<typeof serveRaw>[0], { method: streaming });
  peer.hello(["GET /it"]).open(1, "{}", { flags: FLAG.STREAM });
  expect(await peer.status()).toMatchObject({ code: 429 });
  expect(await failure<RpcError>(reading as Promise<unknown>)).toMatchObject({ status: "CANCELLED" });
  peer.duplex.destroy();
});

test.each([
  [["notes:read"], "notes:read", true],
  [["notes:read"], "notes:write", false],
  [["notes:read"], "notes:readers", false],
  [["notes:*"], "notes:read", true],
  [["notes:*"], "notes", false],
  [["*"], "anything", true],
  [["*:read"], "notes:read", false],
  [["a", "notes:*"], "notes:x:y", true],
  [[], "notes:read", false],
  [[""], "notes:read", false],
])("a peer with the scopes %j may call a method that requires %s: %s", async (scopes, scope, isAllowed) => {
  const { code } = await call(() => 1, { peer: { ...ALICE, scopes }, method: { scope } });
  expect(code).toBe(isAllowed ? 200 : 403);
});
