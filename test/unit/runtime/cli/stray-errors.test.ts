import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { generateKeyPair } from "sshrpc/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { connect, type NotesClient } from "../../../../generated/client.js";
import { bundle } from "../../../support/bundle.js";
import { failure, until, within } from "../support/wait.js";
import { BIN, tempDir } from "./run.js";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));

/** Handlers that leave errors behind that no code handles. */
const HANDLERS = `
import { setTimeout as sleep } from "node:timers/promises";
import example from "./example.mjs";
const stray = async (text) => { await null; throw new Error(text); };
example.handlers.set("GET /hello", async ({ name }, ctx) => {
  if (name === "rejection") void stray("stray in a unary handler");
  if (name === "exception") setTimeout(() => { throw new Error("thrown by a timer"); });
  if (name === "drained") {
    setTimeout(() => { throw new Error("thrown by a timer"); });
    await sleep(300);
  }
  if (name === "abort") {
    ctx.signal.addEventListener("abort", () => void stray("stray in a listener"));
    await new Promise(() => undefined);
  }
  return { msg: name };
});
example.handlers.set("GET /weblog", async function* () {
  void stray("stray in a generator");
  await sleep(1);
  void stray("stray after an await");
});
process.on("SIGUSR2", () => void stray("stray outside of calls"));
export default example;
`;

/** A program of one's own, with the same handlers. */
const PROGRAM = `
import { handleRejections, serveHandlers } from ${JSON.stringify(join(ROOT, "runtime/dist/server.js"))};
import handlers from "./handlers.mjs";
const server = await serveHandlers(handlers, { port: 0, hostKeys: "host", authorizedKeys: "keys" });
await handleRejections(server, { grace: 10_000 });
console.log("127.0.0.1:" + server.port);
`;

const COMMAND = [BIN, "serve", "--handlers", "handlers.mjs", "--port", "0", "--host-key", "host"];
const WAYS = {
  "sshrpc serve": [...COMMAND, "--authorized-keys", "keys", "--grace", "10s"],
  "a program with handleRejections": ["program.mjs"],
};

const fingerprint = (line: string) => {
  const blob = Buffer.from(line.split(" ")[1] ?? "", "base64");
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
};

interface Running {
  readonly client: NotesClient;
  readonly child: ChildProcess;
  /** The lines of the log with this text. */
  readonly logged: (text: string) => object[];
  /** Resolves with the exit status. */
  readonly ended: Promise<number | null>;
}

async function serve(args: readonly string[]): Promise<Running> {
  const [keys, host] = [generateKeyPair(), generateKeyPair()];
  const list = `scopes="*" ${keys.publicKey}\n`;
  const cwd = tempDir({ "handlers.mjs": HANDLERS, "program.mjs": PROGRAM, keys: list });
  await bundle(join(ROOT, "examples/server.ts"), join(cwd, "example.mjs"));
  writeFileSync(join(cwd, "host"), host.privateKey, { mode: 0o600 });
  const child = spawn(process.execPath, args, { cwd, env: { ...process.env, HOME: cwd, NODE_OPTIONS: "" } });
  const ended = once(child, "exit").then(([status]) => status as number | null);
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const text = { out: "", log: "" };
  child.stdout.on("data", (chunk) => {
    text.out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    text.log += chunk;
  });
  const ready = until("the port", () => /127\.0\.0\.1:(\d+)/.exec(text.out)?.[1]);
  const port = await Promise.race([ready, ended.then(() => Promise.reject(new Error(text.log)))]);
  const client = await connect(`ssh://alice@127.0.0.1:${port}`, {
    identity: { privateKey: keys.privateKey },
    hostKey: fingerprint(host.publicKey),
    reconnect: false,
    retries: 0,
  });
  onTestFinished(() => client.close());
  const logged = (part: string) => {
    const lines = text.log.split("\n").filter((line) => line.includes(part));
    return lines.map((line) => JSON.parse(line) as object);
  };
  return { client, child, logged, ended };
}

describe.each(Object.entries(WAYS))("%s", (_, args) => {
  test("logs a stray rejection with its call, and goes on", async () => {
    const { client, logged } = await serve(args);
    expect(await client.hello.get({ name: "rejection" })).toEqual({ msg: "rejection" });
    for await (const _item of client.weblog.get()) break;
    await failure(client.hello.get({ name: "abort" }, { timeout: 50 }));
    for (const [text, method] of [
      ["stray in a unary handler", "GET /hello"],
      ["stray in a listener", "GET /hello"],
      ["stray in a generator", "GET /weblog"],
      ["stray after an await", "GET /weblog"],
    ] as const) {
      await until(text, () => logged(text).length > 0);
      expect(logged(text)).toMatchObject([
        {
          ...{ method, user: "alice", fingerprint: expect.stringMatching(/^SHA256:/), err: { message: text } },
          msg: "unhandled rejection in a handler; the server goes on",
        },
      ]);
    }
    expect(await client.hello.get({ name: "Ada" })).toEqual({ msg: "Ada" });
  });

  test("logs a rejection outside of calls, drains, and ends with 1", async () => {
    const { child, logged, ended } = await serve(args);
    child.kill("SIGUSR2");
    expect(await within("the end", ended)).toBe(1);
    expect(logged("stray outside of calls")).toMatchObject([
      {
        ...{ level: "error", err: { message: "stray outside of calls" } },
        msg: "unhandled rejection outside of a call; the server drains and ends",
      },
    ]);
  });

  test("logs an uncaught exception, lets running calls finish, and ends with 1", async () => {
    const { client, logged, ended } = await serve(args);
    expect(await client.hello.get({ name: "drained" })).toEqual({ msg: "drained" });
    expect(await within("the end", ended)).toBe(1);
    expect(logged("thrown by a timer")).toMatchObject([{ level: "error", err: { message: "thrown by a timer" } }]);
  });
});

describe("sshrpc serve --stdio", () => {
  /** A session as sshd starts it: one process, whose standard input and output are the connection. */
  async function session() {
    const cwd = tempDir({ "handlers.mjs": HANDLERS });
    await bundle(join(ROOT, "examples/server.ts"), join(cwd, "example.mjs"));
    const env = { ...process.env, HOME: cwd, NODE_OPTIONS: "", SSH_CONNECTION: "192.0.2.7 50122 192.0.2.1 22" };
    const child = spawn(process.execPath, [BIN, "serve", "--stdio", "--handlers", "handlers.mjs", "--log", "log"], {
      cwd,
      env,
    });
    const ended = once(child, "exit").then(([status]) => status as number | null);
    onTestFinished(async () => {
      child.kill("SIGKILL");
      await ended;
    });
    const duplex = Duplex.from({ readable: child.stdout, writable: child.stdin });
    const transport = { address: "stdio", open: async () => duplex };
    const client = await connect(transport, { reconnect: false, retries: 0 });
    onTestFinished(() => client.close());
    const logged = (part: string) =>
      readFileSync(join(cwd, "log"), "utf8")
        .split("\n")
        .filter((line) => line.includes(part));
    return { client, child, ended, logged };
  }

  test("logs a stray rejection with its call, and the session goes on", async () => {
    const { client, logged } = await session();
    expect(await client.hello.get({ name: "rejection" })).toEqual({ msg: "rejection" });
    await until("the line", () => logged("stray in a unary handler").length > 0);
    expect(JSON.parse(logged("stray in a unary handler")[0] ?? "")).toMatchObject({
      method: "GET /hello",
      msg: "unhandled rejection in a handler; the server goes on",
    });
    expect(await client.hello.get({ name: "Ada" })).toEqual({ msg: "Ada" });
  });

  test("logs an uncaught exception, lets running calls finish, and ends with 1", async () => {
    const { client, logged, ended } = await session();
    expect(await client.hello.get({ name: "drained" })).toEqual({ msg: "drained" });
    expect(await within("the end", ended)).toBe(1);
    expect(JSON.parse(logged("thrown by a timer")[0] ?? "")).toMatchObject({ level: "error" });
  });
});
