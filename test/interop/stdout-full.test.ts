import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { until, within } from "../unit/runtime/support/wait.js";
import { type Running, serveNotesOverSsh, start } from "./served.js";
import { SSHD, USER } from "./sshd.js";
import { startStdioSshd } from "./stdio-sshd.js";
import { itWith } from "./stock.js";

const SSHRPC = fileURLToPath(new URL("../../runtime/bin/sshrpc.js", import.meta.url));

/** Milliseconds for tests that start many processes, on a machine that others use, too. */
const SLOW = 60_000;

/** Runs `ssh` with these arguments and with what a shell does to its output. */
const sshInto = (into: string, args: readonly string[]): Running =>
  start("sh", ["-c", `exec ssh "$@" ${into}`, "sh", ...args]);

describe("a caller whose standard output takes nothing", () => {
  itWith(["ssh"], "receives the whole file and blocks no other call", async () => {
    const served = await serveNotesOverSsh();
    const full = sshInto("> /dev/full", [...served.ssh, "GET /files/a.bin"]);
    // Where the server is not its own sshd, ssh reads on, and says nothing.
    expect(await within("the end of ssh", full.ended)).toEqual(expect.any(Number));
    await until("the end of the handler", () => served.seen.includes("sent"));
    const next = start("ssh", [...served.ssh, "GET /notes/1"]);
    expect(await next.ended).toBe(0);
    expect(`${next.stdout()}`).toBe('{"id":1,"text":"hi"}\n');
  });

  itWith(["ssh"], "ends a stream by ending ssh, and blocks no other call", async () => {
    const served = await serveNotesOverSsh();
    const full = sshInto("> /dev/full", [...served.ssh, "GET /ticks every=20"]);
    await until("ticks", () => served.seen.includes("third"));
    expect(await start("ssh", [...served.ssh, "GET /notes/1"]).ended).toBe(0);
    full.process.kill("SIGINT");
    await within("the end of ssh", full.ended);
    await until("the end of the handler", () => served.seen.includes("left"));
  });

  it.skipIf(!existsSync("/dev/full"))("gets a one-line error from sshrpc call, and the handler stops", async () => {
    const { server, key, knownHosts, seen } = await serveNotesOverSsh();
    const call = (...args: string[]) => {
      const more = [
        `ssh://alice@127.0.0.1:${server.port}`,
        ...args,
        "--identity",
        key.file,
        "--known-hosts",
        knownHosts,
      ];
      return start("sh", ["-c", 'exec "$@" > /dev/full', "sh", process.execPath, SSHRPC, "call", ...more]);
    };
    for (const running of [call("GET", "/notes/1"), call("GET", "/ticks"), call("GET", "/files/a.bin", "--bytes")]) {
      expect(await within("its end", running.ended)).toBe(1);
      expect(running.stderr()).toMatch(/^sshrpc: cannot write to standard output: ENOSPC[^\n]*\n$/);
    }
    await until("the ends of the handlers", () => seen.includes("left") && seen.includes("sent"));
  });

  for (const into of ["> /dev/full", "| head -c 10"]) {
    itWith(
      ["ssh", SSHD],
      `is detected at once under sshd, also in an endless stream: ${into}`,
      async () => {
        const sshd = await startStdioSshd((serve) => ({
          authorizedKeys: (line) => [`restrict,command="${serve("--scopes items:*")}" ${line}`],
        }));
        const args = [...sshd.options, `${USER}@127.0.0.1`];
        const endless = sshInto(into, [...args, "GET /bytes", `'{"name":"endless","endless":65536}'`]);
        expect(await within("the end of ssh", endless.ended)).toEqual(expect.any(Number));
        await until("the end of the handler", () => sshd.waits.finished.includes("endless"));
        await until("the end of the server", () => sshd.waits.processes.length === 0);
        expect(await sshd.ssh(["GET", "/items/5"])).toMatchObject({ status: 0, stdout: '{"id":5}\n' });
      },
      SLOW,
    );
  }
});
