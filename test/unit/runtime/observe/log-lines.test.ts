import fs, { existsSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { connect as connectTcp, Server as TcpServer } from "node:net";
import ssh2 from "ssh2";
import { connectApi } from "sshrpc/generated";
import type { RpcError } from "sshrpc/server";
import { inMemory, memoryTransport } from "sshrpc/testing";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { execAdapter } from "../../../../runtime/src/adapters/exec/exec-adapter.js";
import { SILENT } from "../../../../runtime/src/base/log.js";
import { newServer } from "../../../../runtime/src/compose/open-server.js";
import { openAuditLog } from "../../../../runtime/src/observe/audit-log.js";
import { MemorySession } from "../adapters/memory-session.js";
import { rawClient } from "../ssh/raw-client.js";
import { failure, makeKey, startBench, write } from "../ssh/support.js";
import { ALICE, type AnyHandler, apiOf, handlersOf, type ItClient, method, TestLog } from "../support/server.js";

// The lines that an operator relies on: each has its level, its text, and the fields that say who and what.

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("of logins", () => {
  it("name a user who is partially authenticated, and the method", async () => {
    const bench = await startBench({
      requiredMethods: ["publickey", "password"],
      verifyPassword: () => ({ scopes: [] }),
      authFailureDelay: 0,
    });
    await failure(bench.dial({ agent: false }));
    expect(bench.log.with("partially authenticated")).toEqual([
      {
        level: "info",
        message: "partially authenticated",
        fields: {
          connection: expect.any(String),
          address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
          user: "alice",
          method: "publickey",
        },
      },
    ]);
    expect(bench.log.with("authenticated")).toEqual([]);
  });

  it("name a user whose password must be changed", async () => {
    const bench = await startBench({
      verifyPassword: () => ({ changePassword: "it is too old" }),
      authFailureDelay: 0,
    });
    await failure(bench.dial({ identity: [], agent: false, password: "open sesame" }));
    expect(bench.log.with("password change requested")).toMatchObject([
      { level: "info", fields: { user: "alice", method: "password" } },
    ]);
    expect(JSON.stringify(bench.log.lines)).not.toContain("open sesame");
  });
});

describe("of key lists", () => {
  it("say that authorized keys and revoked keys were reloaded", async () => {
    const bench = await startBench();
    const bob = makeKey(bench.directory, "bob");
    const revokedKeys = write(bench.directory, "revoked", "");
    const other = await startBench({ revokedKeys });
    write(bench.directory, "authorized_keys", `${bench.alice.line}\n${bob.line} bob@desk\n`);
    await expect
      .poll(() => bench.log.with("authorized_keys reloaded"))
      .toEqual([
        { level: "info", message: "authorized_keys reloaded", fields: { files: [bench.authorizedKeys], keys: 2 } },
      ]);
    write(bench.directory, "revoked", `${bob.line}\n`);
    await expect
      .poll(() => other.log.with("revoked keys reloaded"))
      .toEqual([{ level: "info", message: "revoked keys reloaded", fields: { files: [revokedKeys] } }]);
  });

  it("warn once of a file that the system cannot watch", async () => {
    // The system has used up its watches: inotify(7), max_user_watches.
    vi.spyOn(fs, "watch").mockImplementation(() => {
      throw Object.assign(new Error("ENOSPC: System limit for number of file watchers reached"), { code: "ENOSPC" });
    });
    syncBuiltinESMExports();
    onTestFinished(() => {
      vi.restoreAllMocks();
      syncBuiltinESMExports();
    });
    const bench = await startBench();
    expect(bench.log.with("cannot watch the authorized_keys file; polling every 2 seconds")).toMatchObject([
      { level: "warn", fields: { files: [bench.authorizedKeys], err: { code: "ENOSPC" } } },
    ]);
  });
});

describe("of calls", () => {
  /** A client of one method, whose server logs to `log`. */
  async function callIt(handler: AnyHandler, log: TestLog): Promise<ItClient> {
    const it = method("GET /it");
    const server = inMemory(handlersOf([it], { [it.id]: handler }), { log });
    const client = await connectApi<ItClient>(apiOf(it), server);
    onTestFinished(() => client.close());
    return client;
  }

  const broken: AnyHandler = () => {
    throw new Error("the database is gone");
  };

  it("have the error of a handler that failed, under the reference that its caller gets", async () => {
    const log = new TestLog();
    const client = await callIt(broken, log);
    const error = (await failure(client.it.get())) as RpcError;
    const { reference } = error.details as { reference: string };
    expect(error.message).toBe(`the handler failed; the server's log has the reason under ${reference}`);
    expect(log.lines).toMatchObject([
      {
        level: "error",
        message: "a handler failed",
        fields: { err: { message: "the database is gone" }, reference, method: "GET /it", user: "test" },
      },
    ]);
  });

  it("have the text of an error that the logger cannot write", async () => {
    const log = new TestLog();
    const error = log.error;
    const picky = (fields: object, message?: string): void => {
      if ("err" in fields) throw new Error("an error without a stack");
      error(fields, message);
    };
    const client = await callIt(broken, Object.assign(log, { error: picky }));
    expect(await failure(client.it.get())).toMatchObject({ status: "INTERNAL" });
    expect(log.lines).toMatchObject([
      { level: "error", message: "a handler failed", fields: { reason: "the database is gone" } },
    ]);
  });

  it("say that a call could not be answered, because a log without protection failed with its handler", async () => {
    const log = new TestLog();
    const error = log.error;
    const failing = (fields: object, message?: string): void => {
      if (message === "a handler failed") throw new Error("the disk is full");
      error(fields, message);
    };
    const it = method("GET /it");
    const handlers = handlersOf([it], { [it.id]: async () => broken({}, {} as never) });
    const server = newServer(handlers, { log: Object.assign(log, { error: failing }) });
    const transport = memoryTransport((duplex) => server.accept(duplex, ALICE));
    const client = await connectApi<ItClient>(apiOf(it), transport);
    onTestFinished(() => client.close());
    expect(await failure(client.it.get())).toMatchObject({
      status: "INTERNAL",
      message: "the call could not be answered",
    });
    expect(log.lines).toMatchObject([
      {
        level: "error",
        message: "a call could not be answered",
        fields: { err: { message: "the disk is full" }, method: "GET /it" },
      },
    ]);
  });
});

describe("of sessions and forwarding", () => {
  it("have the error of a session that failed, and its peer", async () => {
    const log = new TestLog();
    const server = newServer(handlersOf([], {}), { log: SILENT, observer: {} });
    const session = new MemorySession({ peer: { user: "alice", scopes: [], address: "192.0.2.7:1" } });
    session.writeError = () => Promise.reject(new Error("no standard error"));
    execAdapter({ server, log })?.run(session, { kind: "exec", command: "GET /nowhere" });
    expect(await session.exited).toBe(5);
    expect(log.lines).toMatchObject([
      {
        level: "error",
        message: "a session failed",
        fields: { user: "alice", address: "192.0.2.7:1", err: { message: "no standard error" } },
      },
    ]);
  });

  it("have the error of a subsystem that could not be served", async () => {
    const bench = await startBench({}, () => {
      throw new Error("broken subsystem");
    });
    await failure(
      bench.dial().then(
        (duplex) =>
          new Promise((_, reject) =>
            duplex
              .on("error", reject)
              .on("close", () => reject(new Error("closed")))
              .resume(),
          ),
      ),
    );
    await expect
      .poll(() => bench.log.with("the channel could not be served"))
      .toMatchObject([{ level: "error", fields: { user: "alice", err: { message: "broken subsystem" } } }]);
  });

  it("have the error of a forwarded connection that could not be served", async () => {
    const serve = (): never => {
      throw new Error("broken handler");
    };
    const bench = await startBench({ forwarding: { permitOpen: () => ({ serve }) } });
    const client = await rawClient(bench);
    client.forwardOut("10.0.0.1", 1234, "db", 5432, (_error, channel) => channel?.resume());
    await expect
      .poll(() => bench.log.with("a forwarded connection could not be served"))
      .toMatchObject([
        {
          level: "error",
          fields: { user: "alice", kind: "direct-tcpip", to: "db:5432", err: { message: "broken handler" } },
        },
      ]);
  });

  it("have the error of a listener of a rule that could not be closed", async () => {
    const close = (): never => {
      throw new Error("still in use");
    };
    const bench = await startBench({
      forwarding: { permitListen: () => ({ listen: async () => ({ port: 4242, close }) }) },
    });
    const client = await rawClient(bench);
    await new Promise((resolve) => client.forwardIn("any", 0, resolve));
    client.end();
    await expect
      .poll(() => bench.log.with("a listener could not be closed"))
      .toMatchObject([{ level: "error", fields: { user: "alice", err: { message: "still in use" } } }]);
  });

  it("have the error of a listener for a peer, which goes on", async () => {
    const bench = await startBench({ forwarding: { permitListen: ["*"] } });
    const client = await rawClient(bench);
    const port = await new Promise<number>((resolve, reject) =>
      client.forwardIn("127.0.0.1", 0, (error, bound) => (error ? reject(error) : resolve(bound))),
    );
    tcpServerOn(port).emit("error", new Error("accept EMFILE"));
    expect(bench.log.with("a listener failed")).toMatchObject([
      { level: "error", fields: { user: "alice", on: "127.0.0.1:0", err: { message: "accept EMFILE" } } },
    ]);
    client.on("tcp connection", (_info, accept) => void accept().end("hello"));
    const socket = connectTcp(port, "127.0.0.1");
    expect(String(await new Promise((resolve) => socket.once("data", resolve)))).toBe("hello");
    socket.destroy();
  });
});

describe("of a server", () => {
  it("have the errors of its listener and of ssh2, and it goes on", async () => {
    const inject = vi.spyOn(ssh2.Server.prototype, "injectSocket");
    const bench = await startBench();
    tcpServerOn(bench.listener.port).emit("error", new Error("accept EMFILE"));
    expect(bench.log.with("TCP server failed")).toMatchObject([
      { level: "error", fields: { err: { message: "accept EMFILE" } } },
    ]);
    await bench.dial();
    (inject.mock.contexts[0] as ssh2.Server).emit("error", new Error("internal error"));
    expect(bench.log.with("SSH server failed")).toMatchObject([
      { level: "error", fields: { err: { message: "internal error" } } },
    ]);
    await bench.dial();
    expect(bench.accepted).toHaveLength(2);
  });
});

describe.skipIf(!existsSync("/dev/full"))("of an audit log whose disk is full", () => {
  it("say that lines are buffered, then dropped after 16 MiB, and lost at the end", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
    const log = new TestLog();
    let lost = 0;
    const audit = await openAuditLog({ audit: { file: "/dev/full" } }, log, (count) => {
      lost += count;
    });
    const messages = () => log.lines.map(({ level, message }) => `${level}: ${message}`);
    const address = "x".repeat(500);
    audit.observer.connectionRefused?.({ address, reason: "a test" });
    const buffered = "error: the audit log cannot be written: lines are buffered";
    while (messages().length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(messages()).toEqual([buffered]);
    let bytes = 0;
    while (messages().length === 1 && bytes < 32 * 1024 * 1024) {
      audit.observer.connectionRefused?.({ address, reason: "a test" });
      bytes += address.length;
    }
    expect(bytes).toBeGreaterThan(8 * 1024 * 1024);
    expect(messages()).toEqual([buffered, "error: the audit log cannot be written fast enough: lines are dropped"]);
    audit.observer.connectionRefused?.({ address, reason: "a test" });
    audit.observer.connectionRefused?.({ address, reason: "a test" });
    const closed = audit.close();
    expect(messages().slice(2)).toEqual(["error: 3 lines of the audit log were dropped"]);
    expect(lost).toBe(3);
    await vi.advanceTimersByTimeAsync(2000);
    await closed;
    expect(messages().at(-1)).toBe(
      "error: the audit log was closed without its last lines, which could not be written",
    );
  });
});

/** The server of this process that listens on a port: the system reports errors of accept(2) at it. */
function tcpServerOn(port: number): TcpServer {
  const handles = (process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles();
  const found = handles.find((handle): handle is TcpServer => {
    const address = handle instanceof TcpServer ? handle.address() : null;
    return typeof address === "object" && address?.port === port;
  });
  if (found === undefined) throw new Error(`no server listens on ${port}`);
  return found;
}
