import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { generateKeyPair } from "sshrpc/testing";
import { describe, expect, it } from "vitest";
import { safeLogger } from "../../../../runtime/src/base/log.js";
import { logObserver } from "../../../../runtime/src/observe/log-observer.js";
import type { LogOptions } from "../../../../runtime/src/observe/log-options.js";
import { type OpenLog, openLog, openLogOf } from "../../../../runtime/src/observe/open-log.js";
import { itWith } from "../../../interop/stock.js";
import { tempDir } from "../ssh/support.js";
import { failure } from "../support/wait.js";

interface Opened {
  readonly log: OpenLog;
  readonly text: () => string;
}

/** Opens a log on a stream, which is a terminal or not. */
async function open(
  options: LogOptions,
  terminal: { isTTY?: boolean; env?: Record<string, string> } = {},
): Promise<Opened> {
  let text = "";
  const stderr = Object.assign(
    new Writable({
      write(chunk, _, done) {
        text += chunk;
        done();
      },
    }),
    { isTTY: terminal.isTTY ?? false },
  );
  const log = await openLogOf({ stderr, env: terminal.env ?? {} }, options);
  return { log, text: () => text };
}

const linesOf = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const CALL = {
  call: 3,
  side: "server" as const,
  peer: { user: "root", keyName: "alice@laptop", scopes: [], connectionId: "c1", address: "192.0.2.7:1" },
  method: "GET /notes/{id}",
  status: "OK",
  milliseconds: 1.26,
  bytesIn: 10,
  bytesOut: 20,
  itemsIn: 0,
  itemsOut: 0,
};

describe("JSON lines", () => {
  it("have the level as a name, the time in ISO format, the fields and the message", async () => {
    const { log, text } = await open({ level: "debug" });
    log.debug({ user: "alice" }, "one");
    log.info({}, "two");
    log.warn({}, "three");
    log.error({ err: new Error("broken", { cause: new Error("the disk") }) }, "four");
    const [first, ...rest] = linesOf(text());
    expect(first).toEqual({
      level: "debug",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      user: "alice",
      msg: "one",
    });
    expect(rest.map(({ level }) => level)).toEqual(["info", "warn", "error"]);
    expect(rest[2]).toMatchObject({
      err: { stack: expect.stringMatching(/broken\n.*[\s\S]*caused by: Error: the disk\n/) },
    });
  });

  it("are written from the level on, which can be changed while the log is used", async () => {
    const { log, text } = await open({ level: "warn" });
    log.info({}, "no");
    log.setLevel("debug");
    log.debug({}, "yes");
    expect(log.level).toBe("debug");
    log.setLevel("silent");
    log.error({}, "no");
    expect(linesOf(text())).toMatchObject([{ msg: "yes" }]);
    expect(() => log.setLevel("loud" as never)).toThrow('option log.level: unknown value "loud"');
  });

  it("are appended to a file, and a wrong option names its nearest value", async () => {
    const file = join(tempDir(), "log");
    const log = await openLog({ file, format: "json" });
    log.info({}, "kept");
    await log.close();
    expect(linesOf(readFileSync(file, "utf8"))).toMatchObject([{ msg: "kept" }]);
    expect(await failure(openLog({ level: "infos" as never }))).toMatchObject({
      status: "BAD_REQUEST",
      message: 'option log.level: unknown value "infos"; did you mean "info"?',
    });
    expect(await failure(openLog({ file: `${file}/log` }))).toMatchObject({
      status: "BAD_REQUEST",
      message: expect.stringMatching(/^the log cannot be written: ENOTDIR/),
    });
  });
});

describe("a line for each call", () => {
  it("is written at debug, with the outcome, the sizes and who called", async () => {
    const { log, text } = await open({ level: "debug" });
    logObserver(safeLogger(log)).observer.callEnded?.(CALL);
    expect(linesOf(text())).toEqual([
      {
        level: "debug",
        time: expect.any(String),
        ...{ connection: "c1", address: "192.0.2.7:1", keyName: "alice@laptop", user: "root" },
        ...{ call: 3, method: "GET /notes/{id}", status: "OK", ms: 1.3, bytesIn: 10, bytesOut: 20, msg: "call" },
      },
    ]);
  });

  it("begins and ends with the level, where that can be changed", async () => {
    const { log, text } = await open({ level: "info" });
    const { observer } = logObserver(safeLogger(log));
    observer.callEnded?.(CALL);
    log.setLevel("debug");
    observer.callEnded?.({ ...CALL, call: 4 });
    log.setLevel("info");
    observer.callEnded?.({ ...CALL, call: 5 });
    expect(linesOf(text()).map(({ call }) => call)).toEqual([4]);
  });

  it("costs nothing with a logger that does not write debug lines", async () => {
    const silent = { debug() {}, info() {}, warn() {}, error() {} };
    expect(logObserver(safeLogger(silent)).observer.callEnded).toBeUndefined();
    expect(logObserver(safeLogger({ ...silent, isLevelEnabled: () => false })).observer.callEnded).toBeUndefined();
    expect(logObserver(safeLogger({ ...silent, isLevelEnabled: () => true })).observer.callEnded).toBeDefined();
  });
});

describe("lines at a terminal", () => {
  const terminal = { isTTY: true };

  it("have the call in one line, and the stack of an error in lines of its own", async () => {
    const { log, text } = await open({ level: "debug" }, { ...terminal, env: { NO_COLOR: "1" } });
    logObserver(safeLogger(log)).observer.callEnded?.(CALL);
    log.error({ err: new Error("the disk is full"), reference: "1a2b" }, "a handler failed");
    const [first, second, ...stack] = text().trimEnd().split("\n");
    expect(first).toMatch(
      /^\[\d\d:\d\d:\d\d\.\d{3}\] DEBUG: GET \/notes\/\{id\} OK 1\.3 ms, 10 bytes in, 20 bytes out, alice@laptop$/,
    );
    expect(second).toMatch(/ERROR: a handler failed \{"reference":"1a2b"\}$/);
    expect(stack.join("\n")).toMatch(/Error: the disk is full\n +at .*open-log\.test\.ts:\d+/);
  });

  it("are colored, unless NO_COLOR is set; FORCE_COLOR decides otherwise", async () => {
    const colored = async (isTTY: boolean, env: Record<string, string>, format: LogOptions["format"] = "pretty") => {
      const { log, text } = await open({ format }, { isTTY, env });
      log.info({}, "hello");
      return text().includes("\u001b[");
    };
    expect(await colored(true, {})).toBe(true);
    expect(await colored(true, { NO_COLOR: "1" })).toBe(false);
    expect(await colored(true, { TERM: "dumb" })).toBe(false);
    expect(await colored(false, {})).toBe(false);
    expect(await colored(false, { FORCE_COLOR: "1" })).toBe(true);
    expect(await colored(true, { FORCE_COLOR: "0" })).toBe(false);
    // A file or a pipe gets JSON, with any setting of colors.
    expect(await colored(false, { FORCE_COLOR: "1" }, "auto")).toBe(false);
  });

  it("escape what a peer could control the terminal with", async () => {
    const hostile = "\u001b]0;owned\u0007\u001b[2J\u009b31m\u202eevil";
    const { log, text } = await open({ level: "debug" }, { ...terminal, env: { NO_COLOR: "1" } });
    logObserver(safeLogger(log)).observer.callEnded?.({ ...CALL, method: hostile });
    log.warn({ user: hostile, err: new Error(hostile) }, hostile);
    expect(text()).toMatch(/^(?:[^\p{C}]|\n)*$/u);
    expect(text()).toContain("evil");
  });
});

describe("standard error that cannot be written", () => {
  it("has one listener for all logs, which is removed with the last one", async () => {
    const stderr = new Writable();
    const logs = [await openLogOf({ stderr, env: {} }, {}), await openLogOf({ stderr, env: {} }, {})];
    expect(stderr.listenerCount("error")).toBe(1);
    for (const log of [...logs, ...logs]) await log.close();
    expect(stderr.listenerCount("error")).toBe(0);
  });

  itWith(["prlimit"], "does not end the program, and gets the number of lines that were lost", async () => {
    const module = fileURLToPath(new URL("../../../../runtime/dist/server.js", import.meta.url));
    const script = `import { spawnSync } from "node:child_process";
      import { openLog } from ${JSON.stringify(module)};
      const log = await openLog();
      for (let line = 0; line < 20; line++) log.info({ line }, "before");
      setTimeout(() => {
        spawnSync("prlimit", ["--pid=" + process.pid, "--fsize=unlimited:"]);
        log.info({}, "after");
      }, 10);`;
    const file = join(tempDir(), "stderr");
    const stderr = openSync(file, "a");
    const args = ["--fsize=500:", process.execPath, "--input-type=module", "-e", script];
    const child = spawn("prlimit", args, { stdio: ["ignore", "ignore", stderr] });
    closeSync(stderr);
    expect(await once(child, "close")).toEqual([0, null]);
    const text = readFileSync(file, "utf8");
    expect(text).toContain('"msg":"after"');
    const [, lost] = /"lost":(\d+),"msg":"lines were lost"\}\n$/.exec(text) ?? [];
    expect(Number(lost)).toBeGreaterThan(10);
  });
});

describe("secrets", () => {
  const { privateKey } = generateKeyPair();
  const body = privateKey.trim().split("\n")[1] as string;

  it.each<[string, LogOptions]>([
    ["JSON", { format: "json" }],
    ["text for a terminal", { format: "pretty" }],
    ["a file", { format: "json", file: "file" }],
  ])("do not appear in %s: keys, passwords and authorization, at any depth", async (_, options) => {
    const file = options.file === undefined ? undefined : join(tempDir(), "log");
    const { log, text } = await open({ ...options, ...(file !== undefined && { file }) });
    log.info({ password: "SECRET", newPassword: "SECRET", key: privateKey }, `the key ${privateKey}`);
    log.info({ options: { auth: [{ passphrase: "SECRET", "X-Api-Key": "SECRET" }] } }, "nested");
    log.info({ headers: { authorization: "Bearer SECRET", Cookie: "SECRET" } }, "Authorization: Bearer SECRETSECRET");
    log.error({ err: new Error(`postgres://bob:SECRET@db/notes: ${privateKey}`) }, "a handler failed");
    log.error({ err: Object.assign(new Error("refused"), { privateKey, token: "SECRET" }) }, "a handler failed");
    log.warn({ body: '{"password":"SECRET","n":1}' }, 'GET /?access_token=SECRET&n=1 with {"token": "SECRET"}');
    await log.close();
    const written = file === undefined ? text() : readFileSync(file, "utf8");
    expect(written).toContain("postgres://bob:[redacted]@db/notes");
    expect(written.match(/\[redacted\]|\(a key\)/g)?.length).toBeGreaterThan(12);
    expect(written).not.toContain("SECRET");
    expect(written).not.toContain(body);
    expect(written).not.toContain(body.slice(0, 40));
  });

  it("leave other fields as they are", async () => {
    const { log, text } = await open({});
    const fields = {
      tokens: 5,
      authMethod: "password",
      keyName: "laptop",
      url: "ssh://alice@edge:22",
      n: null,
      deep: { a: [1, "é"] },
    };
    log.info({ ...fields, password: null }, "plain");
    expect(linesOf(text())).toMatchObject([{ ...fields, msg: "plain" }]);
  });
});
