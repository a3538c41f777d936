import { PassThrough } from "node:stream";
import { type Client, connectSsh, RpcError } from "sshrpc/client";
import { connectApi } from "sshrpc/generated";
import { type Logger, type ServeOptions, serveHandlers } from "sshrpc/server";
import { generateKeyPair, inMemory } from "sshrpc/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { apiOf, handlersOf, type ItClient, method, TestLog } from "../support/server.js";
import { failure, until, within } from "../support/wait.js";

// The functions that a user gives may fail: the process of the server or client goes on.

const fail = (): never => {
  throw new Error("disk full");
};
const reject = async (): Promise<never> => fail();
/** Rejects as a promise of another library does: it is not an instance of Promise. */
// biome-ignore lint/suspicious/noThenProperty: the thenable is what the test is about.
const rejectForeign = () => ({ then: (_: unknown, failed: (error: Error) => void) => failed(new Error("disk full")) });

const it = method("GET /it");
const handlers = handlersOf([it], {
  "GET /it": async (request: unknown) => {
    if (request === "fail") throw new Error("failed");
    return request;
  },
});

const unhandled: unknown[] = [];
const record = (error: unknown): void => void unhandled.push(error);
beforeEach(() => {
  unhandled.length = 0;
  process.on("unhandledRejection", record).on("uncaughtException", record);
});
afterEach(async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", record).off("uncaughtException", record);
  expect(unhandled).toEqual([]);
});

const loggerOf = (method: unknown): Logger =>
  ({ debug: method, info: method, warn: method, error: method }) as unknown as Logger;

/** A server over SSH with these options, and a client of plain SSH. */
async function served(options: Partial<ServeOptions>) {
  const [host, alice] = [generateKeyPair(), generateKeyPair()];
  const server = await serveHandlers(handlers, {
    ...{ hostKeys: { privateKey: host.privateKey }, authorizedKeys: { lines: [alice.publicKey] } },
    ...{ host: "127.0.0.1", port: 0, exec: true, ...options },
  });
  const ssh = await connectSsh(`ssh://alice@127.0.0.1:${server.port}`, {
    ...{ identity: { privateKey: alice.privateKey }, hostKey: server.fingerprints, sshConfig: false },
  });
  const close = async (): Promise<void> => {
    await ssh.close();
    await server.close();
  };
  return { server, ssh, [Symbol.asyncDispose]: close };
}

describe.each([
  ["throws", fail],
  ["rejects", reject],
  ["returns a rejecting thenable", rejectForeign],
])("a logger that %s", (_, write) => {
  test("affects no call and no connection in memory", async () => {
    await using server = inMemory(handlers, { log: loggerOf(write) });
    const client = await connectApi<ItClient>(apiOf(it), server);
    expect(await failure(client.it.get("fail"))).toMatchObject({ status: "INTERNAL" });
    expect(await client.it.get(1)).toBe(1);
    await client.close();
    await until("the disconnect", () => server.clients.length === 0);
  });

  test("affects no session over SSH", async () => {
    await using setup = await served({ log: loggerOf(write) });
    const { ssh } = setup;
    expect(await within("a command", ssh.run("GET /it fail"))).toMatchObject({ exitCode: expect.any(Number) });
    expect(await within("a command", ssh.run("GET /nothing"))).toMatchObject({ exitCode: 4 });
  });
});

describe("the option log", () => {
  test("takes false in memory", async () => {
    await using server = inMemory(handlers, { log: false });
    await using client = await connectApi<ItClient>(apiOf(it), server);
    expect(await failure(client.it.get("fail"))).toMatchObject({ status: "INTERNAL" });
  });

  const wrong = [true, "x", 5, null, {}, { info() {}, warn() {}, error() {} }] as unknown as Logger[];
  test.each(wrong)("refuses %o, which is not a logger", async (log) => {
    const refused = { status: "BAD_REQUEST", message: expect.stringContaining("option log: not a logger") };
    if (log !== null) expect(() => inMemory(handlers, { log })).toThrow(expect.objectContaining(refused));
    expect(await failure(serveHandlers(handlers, { hostKeys: "/nowhere", log }))).toMatchObject(refused);
    expect(await failure(connectApi(apiOf(it), inMemory(handlers), { log }))).toMatchObject(refused);
  });
});

describe("an observer", () => {
  test.each([
    ["x", "option observer: invalid type string; it takes an object"],
    [{ callEnd() {} }, 'option observer: unknown method "callEnd" (did you mean "callEnded"?)'],
    [{ callEnded: 5 }, "option observer.callEnded: invalid type number; it takes a function"],
  ])("is refused: %o", async (observer, message) => {
    const refused = { status: "BAD_REQUEST", message: expect.stringContaining(message) };
    const options = { observer } as object;
    expect(() => inMemory(handlers, options)).toThrow(expect.objectContaining(refused));
    expect(await failure(connectApi(apiOf(it), inMemory(handlers), options))).toMatchObject(refused);
  });

  test("may be an object of a class with further methods", () => {
    class Counter {
      count = 0;
      callEnded = () => this.add();
      add = () => {
        this.count += 1;
      };
    }
    expect(() => inMemory(handlers, { observer: new Counter() })).not.toThrow();
  });

  test("that returns a rejecting thenable is logged", async () => {
    const log = new TestLog();
    const observer = { callEnded: rejectForeign } as object;
    await using client = await connectApi<ItClient>(apiOf(it), inMemory(handlers, { observer, log }));
    await client.it.get(1);
    await until("the log", () => log.lines.some(({ message }) => message === "an observer failed"));
  });
});

describe("a state listener", () => {
  test.each([
    ["throws", fail],
    ["rejects", reject],
  ])("that %s is logged, and the client goes on", async (_, listener) => {
    const log = new TestLog();
    await using server = inMemory(handlers);
    const client = await connectApi<Client>(apiOf(it), server, { log, reconnect: false });
    client.on("state", listener);
    await client.close();
    await until("the log", () => log.lines.some(({ message }) => message === "a state listener failed"));
    expect(log.lines[0]?.fields).toMatchObject({ err: { message: "disk full" } });
  });

  test("must be a function", async () => {
    await using client = await connectApi<Client>(apiOf(it), inMemory(handlers));
    expect(() => client.on("state", undefined as never)).toThrow(
      new RpcError("BAD_REQUEST", 'the listener of "state": invalid type undefined; it takes a function'),
    );
  });
});

test("an onStderr that throws ends its own command with the error", async () => {
  await using setup = await served({ log: false });
  const { ssh } = setup;
  const command = await ssh.exec("GET /nothing", { onStderr: fail });
  command.pipe(new PassThrough()).resume();
  expect(await failure(within("the command", command.exit))).toMatchObject({ message: "disk full" });
  // Whether this command is over before the rejection arrives is open; the connection serves the next one.
  const other = await ssh.exec("GET /nothing", { onStderr: reject });
  await within(
    "the other command",
    other.exit.catch(() => undefined),
  );
  expect(await ssh.run("GET /nothing")).toMatchObject({ exitCode: 4 });
});

test("a thrown object is described in one line", async () => {
  const observed = { deny: { code: 5, text: "a\nb" } };
  const throwing = handlersOf([it], {
    "GET /it": () => {
      throw observed;
    },
  });
  await using client = await connectApi<ItClient>(apiOf(it), inMemory(throwing, { exposeErrors: true }));
  expect(await failure(client.it.get(1))).toMatchObject({
    status: "INTERNAL",
    message: "{ deny: { code: 5, text: 'a\\nb' } }",
  });
});
