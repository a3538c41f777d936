import { serveHandlers } from "sshrpc/server";
import { expect, onTestFinished } from "vitest";
import { defineHandlers } from "../conformance/generated/server.js";
import { conformanceHandlers, Waits } from "../conformance/handlers.js";
import { BIN, sshrpc } from "../unit/runtime/cli/run.js";
import { makeKey, tempDir, write } from "../unit/runtime/ssh/support.js";
import { run } from "./run.js";
import { itWith } from "./stock.js";

/** Control sequences that set a title, clear the screen, set colors, and reverse text. */
const HOSTILE = "\u001b]0;owned\u0007\u001b[2J\u009b31m\u202eevil\u200f\u0008end";
const AS_JSON = JSON.stringify(HOSTILE);

/** The output on a terminal, with the terminal's own line breaks. */
const HARMLESS = /^(?:[^\p{C}\u2028\u2029]|\r?\n|\t)*$/u;

itWith(
  ["script"],
  "`sshrpc call` escapes control sequences of a response on a terminal, and writes it unchanged elsewhere",
  async () => {
    const directory = tempDir();
    const [host, alice] = [makeKey(directory, "host"), makeKey(directory, "alice")];
    const server = await serveHandlers(defineHandlers(conformanceHandlers(new Waits())), {
      port: 0,
      hostKeys: host.file,
      authorizedKeys: { lines: [alice.line] },
      log: false,
    });
    onTestFinished(() => server.close());
    const known = write(directory, "known_hosts", `[127.0.0.1]:${server.port} ${host.line}\n`);
    const bytes = write(directory, "bytes", HOSTILE);
    const lines = write(directory, "lines", `{"text":${AS_JSON}}\n`);
    const start = ["call", `ssh://alice@127.0.0.1:${server.port}`];
    const end = ["--identity", alice.file, "--known-hosts", known];
    const echo = '{"name":"x","echo":true}';
    const calls = [
      ["UPDATE", "/bytes", echo, "--bytes", "--items", bytes],
      ["UPDATE", "/run", echo, "--items", lines],
      ["UPDATE", "/echo", `{"text":${AS_JSON}}`],
      ["GET", "/outcome", `{"status":"CONFLICT","message":${AS_JSON},"details":{"text":${AS_JSON}}}`],
      ["GET", `/no/${HOSTILE}`],
    ];
    const env = { HOME: directory, SSH_AUTH_SOCK: "", NODE_OPTIONS: "", TERM: "xterm-256color" };
    for (const call of calls) {
      const command = [process.execPath, BIN, ...start, ...call, ...end]
        .map((word) => `'${word.replaceAll("'", "'\\''")}'`)
        .join(" ");
      const { stdout } = await run("script", ["-qec", command, "/dev/null"], "", env);
      expect(stdout).toMatch(/end/);
      expect(stdout).toMatch(HARMLESS);
    }
    const piped = await sshrpc([...start, ...(calls[0] as string[]), ...end]);
    expect(piped.stdout).toBe(HOSTILE);
  },
  60_000,
);
