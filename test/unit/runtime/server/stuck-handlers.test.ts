import type { CallOptions, Client, ResponseStream } from "sshrpc/client";
import { connectApi, type Method } from "sshrpc/generated";
import { serveHandlers } from "sshrpc/server";
import { generateKeyPair, inMemory } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { Recorder } from "../support/recorder.js";
import { any, handlersOf, method, TestLog } from "../support/server.js";
import { failure, until } from "../support/wait.js";

const METHODS = [
  method("GET /it"),
  method("UPDATE /it", { kind: "server-streaming", responseItem: any }),
  method("DELETE /it"),
] as const satisfies readonly Method[];

interface It {
  get(request: object, options?: CallOptions): Promise<unknown>;
  update(request: object, options?: CallOptions): ResponseStream<unknown, unknown>;
  delete(request: object, options?: CallOptions): Promise<unknown>;
}

/** Handlers that ignore `ctx.signal` until a test ends them. */
function stubborn() {
  const waiting: (() => void)[] = [];
  const wait = () => new Promise<void>((end) => waiting.push(end));
  const handlers = handlersOf(METHODS, {
    "GET /it": wait,
    "UPDATE /it": async function* () {
      yield 1;
      await wait();
    },
    "DELETE /it": () => "done",
  });
  return { handlers, count: () => waiting.length, end: () => waiting.splice(0).forEach((end) => void end()) };
}

async function serve(limits: object) {
  const { handlers, ...running } = stubborn();
  const recorder = new Recorder();
  const server = inMemory(handlers, { limits, observer: recorder.observer });
  const client = await connectApi<Client & { readonly it: It }>(handlers.api, server, { retries: 0 });
  onTestFinished(async () => {
    running.end();
    await client.close();
  });
  return { ...running, server, it: client.it, stuck: () => recorder.of("handlerStuck") };
}

/** Begins a call whose caller leaves once the handler runs. */
async function leave(it: It, handler: () => number, kind: "get" | "update"): Promise<void> {
  const before = handler();
  const controller = new AbortController();
  const { signal } = controller;
  const ended = failure(kind === "get" ? it.get({}, { signal }) : it.update({}, { signal }).response);
  await until("the handler", () => handler() > before);
  controller.abort();
  expect(await ended).toMatchObject({ status: "CANCELLED" });
}

test.each(["get", "update"] as const)(
  "a handler of %s that ignores the signal gives its place back, and is reported",
  async (kind) => {
    const { it, server, count, end, stuck } = await serve({ calls: 2, handlerGrace: 10 });
    for (let round = 1; round <= 6; round++) {
      await leave(it, count, kind);
      await until("its report", () => stuck().length === round);
    }
    expect(stuck()[5]).toMatchObject({
      method: kind === "get" ? "GET /it" : "UPDATE /it",
      peer: { user: "test" },
      stuck: 6,
    });
    expect(server.calls).toBe(0);
    expect(await it.delete({})).toBe("done");
    end();
    await leave(it, count, kind);
    await until("its report", () => stuck().length === 7);
    expect(stuck()[6]).toMatchObject({ stuck: 1 });
  },
);

test("a method with too many stuck handlers is refused until they end, and others are served", async () => {
  const { it, count, end, stuck } = await serve({ calls: 2, handlerGrace: 10, stuckHandlers: 3 });
  for (let round = 1; round <= 3; round++) {
    await leave(it, count, "get");
    await until("its report", () => stuck().length === round);
  }
  expect(await failure(it.get({}))).toMatchObject({
    status: "RESOURCE_EXHAUSTED",
    message: expect.stringContaining("3 handlers of GET /it still run"),
  });
  expect(await it.delete({})).toBe("done");
  await leave(it, count, "update");
  end();
  await until("room", () => count() === 0);
  await leave(it, count, "get");
});

test("a handler that ends within its grace is not reported", async () => {
  const { it, count, end, server, stuck } = await serve({ handlerGrace: 60_000 });
  await leave(it, count, "get");
  expect(server.calls).toBe(1);
  end();
  await until("its end", () => server.calls === 0);
  expect(stuck()).toEqual([]);
});

test("a connection that is lost leaves no place taken, and the log names the handler", async () => {
  const { handlers, count, end } = stubborn();
  const [host, key, log] = [generateKeyPair(), generateKeyPair(), new TestLog()];
  const server = await serveHandlers(handlers, {
    port: 0,
    hostKeys: { privateKey: host.privateKey },
    authorizedKeys: { lines: [`${key.publicKey} laptop`] },
    limits: { serverCalls: 1, handlerGrace: 10 },
    log,
  });
  onTestFinished(async () => {
    end();
    await server.close();
  });
  for (let round = 1; round <= 3; round++) {
    const client = await connectApi<Client & { readonly it: It }>(
      handlers.api,
      `ssh://alice@127.0.0.1:${server.port}`,
      {
        identity: { privateKey: key.privateKey },
        hostKey: server.fingerprints,
        retries: 0,
      },
    );
    const ended = failure(client.it.get({}));
    await until("the handler", () => count() === round);
    await client.close();
    await ended;
    await until("the line", () => log.lines.filter(({ fields }) => fields["stuck"] === round).length === 1);
  }
  const line = log.lines.find(({ fields }) => fields["stuck"] === 3);
  expect(line).toMatchObject({
    ...{ level: "warn", fields: { method: "GET /it", keyName: "laptop" } },
    message: "a handler still runs after its call has ended; it must end when ctx.signal aborts",
  });
});
