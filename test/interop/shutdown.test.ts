import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BIN } from "../unit/runtime/cli/run.js";
import { tempDir } from "../unit/runtime/ssh/support.js";
import { until, within } from "../unit/runtime/support/wait.js";
import { itWithAsyncssh } from "./korv/peers.js";
import { message, received, send, startServer } from "./korv/serving.js";
import { type Running, type Served, serveNotesOverSsh, start } from "./served.js";
import { itWith } from "./stock.js";

/** The statuses of the lines on standard error. */
const statuses = (running: Running): unknown[] =>
  running
    .stderr()
    .split("\n")
    .flatMap((line) => (line.startsWith("{") ? [(JSON.parse(line) as { status: unknown }).status] : []));

const ALICE = "alice@127.0.0.1";
const NOTE = '{"id":8,"text":"hi"}\n';

/** A server that counts its sessions and calls. */
async function serveCounted(): Promise<Served & { readonly count: { sessions: number; calls: number } }> {
  const count = { sessions: 0, calls: 0 };
  const observer = { sessionOpened: () => void count.sessions++, callStarted: () => void count.calls++ };
  return { ...(await serveNotesOverSsh({ observer })), count };
}

/** Starts `ssh` with input, and waits until its first call runs: that of note 8 takes 300 ms. */
async function startCall(served: Awaited<ReturnType<typeof serveCounted>>, words: readonly string[], input?: string) {
  const running = start("ssh", [...served.ssh.slice(0, -1), ...words]);
  if (input !== undefined) running.process.stdin?.write(input);
  await until("the call", () => served.count.calls > 0);
  return running;
}

describe("at a graceful shutdown", () => {
  itWith(["ssh"], "each line of a shell that has arrived is run or answered as UNAVAILABLE", async () => {
    const served = await serveCounted();
    const rest = Array.from({ length: 500 }, (_, index) => `GET /notes/${index + 10}\n`).join("");
    const shell = await startCall(served, ["-T", ALICE], `GET /notes/8\n${rest}help\n`);
    shell.process.stdin?.end();
    await served.server.close({ grace: 20_000 });
    expect(await within("the end", shell.ended)).toBe(5);
    const run = shell
      .stdout()
      .toString()
      .split("\n")
      .filter((line) => line.startsWith('{"id":')).length;
    const refused = statuses(shell);
    expect(run).toBeGreaterThan(0);
    expect(run + refused.length).toBe(501);
    expect(new Set(refused)).toEqual(new Set(["UNAVAILABLE"]));
    expect(shell.stderr()).toContain("the server is closing");
  });

  itWith(
    ["ssh"],
    "a shell whose input stays open ends with the status of UNAVAILABLE, also without a grace",
    async () => {
      for (const grace of [20_000, 0]) {
        const served = await serveCounted();
        const shell = await startCall(served, ["-T", ALICE], "GET /notes/1\n");
        await until("the response", () => shell.stdout().length > 0);
        await within("the shutdown", served.server.close({ grace }));
        expect(await within("the end", shell.ended)).toBe(5);
        expect(statuses(shell)).toEqual(["UNAVAILABLE"]);
        expect(shell.stderr()).toContain("the server is closing; nothing that follows is run");
      }
    },
  );

  itWith(["ssh"], "a command that waits for its request is answered at once", async () => {
    const served = await serveCounted();
    const call = await startCall(served, [ALICE, "GET", "/notes/8"]);
    const waiting = start("ssh", [...served.ssh, "STORE", "/notes", "-"]);
    waiting.process.stdin?.write('{"text":');
    await until("the session", () => served.count.sessions > 1);
    await within("the shutdown", served.server.close({ grace: 20_000 }));
    expect(await within("the end", waiting.ended)).toBe(5);
    expect(statuses(waiting)).toEqual(["UNAVAILABLE"]);
    expect([await call.ended, `${call.stdout()}`]).toEqual([0, NOTE]);
  });

  itWith(["ssh"], "a prompt answers the lines that were typed ahead, says why it ends, and ends", async () => {
    const served = await serveCounted();
    const shell = await startCall(served, ["-tt", ALICE], "GET /notes/8\rGET /notes/9\r");
    await within("the shutdown", served.server.close({ grace: 20_000 }));
    expect(await within("the end", shell.ended)).toBe(5);
    const shown = shell.stdout().toString();
    expect(shown.match(/"hi"|UNAVAILABLE/g)?.length).toBe(3);
    expect(shown).toContain("the server is closing; the shell ends");
  });

  itWithAsyncssh("each korv request that has arrived is run or answered with 503", async () => {
    const { server, slow, open } = await startServer({ korv: { calls: 2 } });
    const client = await open();
    const requests = Array.from({ length: 8 }, (_, index) =>
      message({ id: index + 1, verb: "GET", resource: "/slow", body: null }),
    );
    send(client, ...requests);
    await until("the calls", () => slow.running === 2);
    const closed = server.close({ grace: 20_000 });
    slow.release();
    await within("the shutdown", closed);
    const answers = await Promise.all(requests.map((_, index) => received(client, index + 1)));
    expect(answers.map(([id]) => id).sort()).toEqual(requests.map((_, index) => index + 1));
    expect(answers.filter(([, code]) => code === 200)).toHaveLength(2);
    expect(answers.filter(([, code]) => code === 503)).toHaveLength(6);
  });
});

/** Handlers whose method runs until there is a file `go`; at SIGTERM they write a file `terminated`. */
const HANDLERS = `import { existsSync, writeFileSync } from "node:fs";
process.on("SIGTERM", () => writeFileSync("terminated", ""));
const method = { resource: "it", kind: "unary", params: {}, idempotent: true, request: () => true, response: () => true };
export default {
  api: { name: "test", version: "1.0.0", hash: "00", methods: [{ ...method, id: "GET /it", verb: "GET", path: "/it" }, { ...method, id: "STORE /it", verb: "STORE", path: "/it" }] },
  handlers: new Map([["GET /it", async () => {
    writeFileSync("running", "");
    while (!existsSync("go")) await new Promise((resolve) => setTimeout(resolve, 5));
    return "done";
  }], ["STORE /it", () => null]]),
};
`;

/** Starts a session as a forced command of sshd. */
function startStdio(command?: string): Running & { readonly cwd: string } {
  const cwd = tempDir();
  writeFileSync(join(cwd, "handlers.mjs"), HANDLERS);
  const env = { ...process.env, SSH_CONNECTION: "127.0.0.1 1 127.0.0.1 2", SSH_ORIGINAL_COMMAND: command ?? "" };
  const args = [
    BIN,
    "serve",
    "--stdio",
    "--forced",
    "--handlers",
    "handlers.mjs",
    "--log",
    "log",
    "--log-level",
    "debug",
    "--grace",
    "20s",
  ];
  return { ...start(process.execPath, args, { cwd, env }), cwd };
}

describe("a session of sshd, at SIGTERM", () => {
  it("answers each line of a shell that has arrived", async () => {
    const session = startStdio();
    session.process.stdin?.end(`GET /it\n${"STORE /it {}\n".repeat(300)}`);
    await until("the call", () => existsSync(join(session.cwd, "running")));
    session.process.kill("SIGTERM");
    await until("the signal", () => existsSync(join(session.cwd, "terminated")));
    writeFileSync(join(session.cwd, "go"), "");
    expect(await within("the end", session.ended)).toBe(5);
    const run = session.stdout().toString().split("\n").length - 1;
    expect(run + statuses(session).length).toBe(301);
  });

  it("ends a shell whose input stays open, and a command that waits for its request", async () => {
    for (const command of [undefined, "STORE /it -"]) {
      const session = startStdio(command);
      session.process.stdin?.write(command === undefined ? "STORE /it {}\n" : '{"text":');
      const log = join(session.cwd, "log");
      await until("the session", () => existsSync(log) && readFileSync(log, "utf8").includes("session over stdio"));
      if (command === undefined) await until("the response", () => session.stdout().length > 0);
      session.process.kill("SIGTERM");
      expect([await within("the end", session.ended), statuses(session)]).toEqual([5, ["UNAVAILABLE"]]);
    }
  });
});
