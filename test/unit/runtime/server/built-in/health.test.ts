import { once } from "node:events";
import { type Context, RpcError } from "sshrpc/server";
import { type InMemoryOptions, inMemory } from "sshrpc/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { notesHandlers } from "../../adapters/notes-server.js";
import { serveSsh } from "../../adapters/ssh-server.js";
import { gate } from "../../support/host.js";
import { connectOperator } from "../../support/operator.js";
import { TestLog } from "../../support/server.js";
import { failure, until, within } from "../../support/wait.js";

const MONITOR = { user: "monitor", scopes: ["sshrpc:health"] };

async function serve(options: InMemoryOptions = {}) {
  const log = new TestLog();
  const server = inMemory(notesHandlers(), { log, peer: MONITOR, ...options });
  onTestFinished(() => server.close());
  return { log, server, operator: await connectOperator(server) };
}

test("a key with the scope sshrpc:health alone sees that the server is ready, and its versions", async () => {
  const { operator } = await serve();
  expect(await operator.health.get()).toEqual({
    status: "ok",
    uptime: expect.any(Number),
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    contract: { name: "notes", version: "1.0.0", hash: "00" },
  });
});

test.each([["*"], ["sshrpc:status"], []])("a key with the scopes %j does not", async (...scopes) => {
  const { server } = await serve();
  const operator = await connectOperator(server.as({ scopes }));
  expect(await failure(operator.health.get())).toMatchObject({ status: "FORBIDDEN" });
});

describe("the function `health` of a server", () => {
  test.each([
    ["returns nothing", () => undefined],
    ["returns true", async () => true],
  ])("that %s makes it ready", async (_, health) => {
    const { operator } = await serve({ health });
    expect(await operator.health.get()).toMatchObject({ status: "ok" });
  });

  test.each([
    ["returns false", () => false, "the check of this server says so"],
    ["returns a text", async () => "no database\u001b[2J", "no database\\u{1b}[2J"],
    ["throws an RpcError", () => Promise.reject(new RpcError("UNAVAILABLE", "no database")), "no database"],
    [
      "throws another error",
      () => {
        throw new Error("password=hunter2");
      },
      "the check failed; the server's log has the error",
    ],
  ])("that %s makes it unready, with the reason", async (_, health, reason) => {
    const { operator, log } = await serve({ health });
    expect(await operator.health.get()).toMatchObject({ status: "unready", reason });
    expect(log.lines.filter(({ message }) => message === "health check: not ready")).toMatchObject([
      { level: "warn", fields: { reason } },
    ]);
  });

  test("is logged when its answer changes, not each time a monitor asks", async () => {
    let answer: string | undefined;
    const { operator, log } = await serve({ health: () => answer });
    for (const next of [undefined, "no database", "no database", "no disk", undefined, undefined]) {
      answer = next;
      await operator.health.get();
    }
    const lines = log.lines.filter(({ message }) => message?.startsWith("health check"));
    expect(lines.map(({ message, fields }) => [message, fields["reason"]])).toEqual([
      ["health check: not ready", "no database"],
      ["health check: not ready", "no disk"],
      ["health check: ready", undefined],
    ]);
  });

  test("runs once for all monitors that ask at the same time", async () => {
    const { opened, open } = gate();
    let runs = 0;
    const health = async () => {
      runs++;
      await opened;
    };
    const { server, operator } = await serve({ health });
    const answers = Array.from({ length: 20 }, () => operator.health.get());
    await until("all calls", () => server.calls === 20);
    open();
    expect(new Set((await Promise.all(answers)).map(({ status }) => status))).toEqual(new Set(["ok"]));
    expect(runs).toBe(1);
  });

  test("that hangs makes it unready after healthTimeout, is aborted, and does not run again before it ends", async () => {
    const { opened, open } = gate();
    let runs = 0;
    let signal: AbortSignal | undefined;
    const health = async (given: AbortSignal) => {
      signal = given;
      runs++;
      await opened;
    };
    const { operator } = await serve({ health, healthTimeout: 5 });
    const late = { status: "unready", reason: "the check did not finish within 5 ms" };
    expect(await operator.health.get()).toMatchObject(late);
    expect(await operator.health.get()).toMatchObject(late);
    expect([runs, signal?.aborted]).toEqual([1, true]);
    open();
    await opened;
    expect(await operator.health.get()).toMatchObject({ status: "ok" });
    expect(runs).toBe(2);
  });

  test.each([0, -1, Number.NaN, "5"])("cannot have the timeout %j", (healthTimeout) => {
    const options = { healthTimeout: healthTimeout as number };
    expect(() => inMemory(notesHandlers(), options)).toThrow(/option healthTimeout/);
  });
});

describe("a server that closes", () => {
  test("says `draining` during the delay, and serves everything", async () => {
    let checks = 0;
    const { server, operator } = await serve({ health: () => void checks++ });
    const closed = server.close({ delay: 60_000 });
    expect(await operator.health.get()).toMatchObject({ status: "draining", reason: "the server is shutting down" });
    expect(checks).toBe(0);
    const other = await connectOperator(server, { reconnect: false });
    expect(await other.health.get()).toMatchObject({ status: "draining" });
    // A second call that closes at once ends the delay.
    await within("the end", server.close());
    await within("the end of the first call", closed);
    expect(await failure(other.health.get())).toMatchObject({ status: "UNAVAILABLE" });
  });

  test.each([-1, Number.NaN])("refuses the delay %j", async (delay) => {
    const { server } = await serve();
    expect(await failure(server.close({ delay }))).toMatchObject({
      status: "BAD_REQUEST",
      message: expect.stringContaining("option delay"),
    });
  });
});

describe("ssh host health", () => {
  /** Handlers with a stream that does not end. */
  const ticking = () =>
    notesHandlers({
      "GET /ticks": async function* (_: unknown, { signal }: Context) {
        yield 1;
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      },
    });

  async function run(command: string, { health, scopes = MONITOR.scopes, close = false }: RunOptions = {}) {
    await using served = await serveSsh(ticking(), { scopes, ...(health && { health }) });
    if (close) {
      // A connection that runs a call stays open.
      await once(await served.ssh.exec("GET /ticks"), "data");
      void served.server.close({ grace: 60_000 });
    }
    const { stdout, stderrTail, exitCode } = await served.ssh.run(command);
    await served.ssh.close();
    return { stdout, stderr: stderrTail, status: exitCode };
  }

  interface RunOptions {
    readonly health?: () => string;
    readonly scopes?: readonly string[];
    readonly close?: boolean;
  }

  test("prints the answer, and ends with 0 where the server is ready", async () => {
    const { stdout, stderr, status } = await run("health");
    expect([JSON.parse(stdout), stderr, status]).toMatchObject([{ status: "ok" }, "", 0]);
  });

  test.each(["health", "GET /sshrpc/health"])("ends with 5 where it is not: %s", async (command) => {
    const { stdout, status } = await run(command, { health: () => "no database" });
    expect([JSON.parse(stdout), status]).toMatchObject([{ status: "unready", reason: "no database" }, 5]);
  });

  test("is answered during a drain, on a connection that is open, with 5", async () => {
    const { stdout, status } = await run("health", { close: true });
    expect([JSON.parse(stdout), status]).toMatchObject([{ status: "draining" }, 5]);
  });

  test("ends with 4 without the scope", async () => {
    expect(await run("health", { scopes: ["*"] })).toMatchObject({ stdout: "", status: 4 });
  });

  test("is in the list of commands of a key that may call it", async () => {
    expect((await run("help")).stdout).toMatch(/^ {2}health {2}/m);
    expect((await run("help", { scopes: ["*"] })).stdout).not.toContain("  health");
    expect((await run("help health")).stdout).toContain("requires the scope sshrpc:health");
  });
});
