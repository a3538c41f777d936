import { randomBytes } from "node:crypto";
import { type ServeOptions, serveHandlers } from "sshrpc/server";
import { expect, onTestFinished } from "vitest";
import { notesHandlers } from "../unit/runtime/adapters/notes-server.js";
import { BIN, sshrpc } from "../unit/runtime/cli/run.js";
import { run } from "./run.js";
import { type Served, serveNotesOverSsh } from "./served.js";
import { SSHD } from "./sshd.js";
import { startStdioSshd } from "./stdio-sshd.js";
import { itWith } from "./stock.js";

const STARTS_PROCESSES = 60_000;

/** A server of the notes with these scopes for its only key. */
function serveTo(scopes: string, options: Partial<ServeOptions> = {}): Promise<Served> {
  return serveNotesOverSsh({ authorizedKeys: () => ({ scopes: scopes.split(",") }), ...options });
}

itWith(["ssh"], "ssh host health is all that a monitor needs: a key with its scope, and the exit status", async () => {
  let problem: string | undefined;
  const { ssh } = await serveTo("sshrpc:health", { health: () => problem });
  const ok = await run("ssh", [...ssh, "health"]);
  expect([ok.status, ok.stderr, JSON.parse(ok.stdout)]).toMatchObject([0, "", { status: "ok" }]);
  problem = "no database";
  const unready = await run("ssh", [...ssh, "health"]);
  expect([unready.status, JSON.parse(unready.stdout)]).toMatchObject([5, { status: "unready", reason: problem }]);
  for (const command of ["status", "GET /notes", "DELETE /sshrpc/connections user=alice"]) {
    expect(await run("ssh", [...ssh, command])).toMatchObject({ status: 4, stdout: "" });
  }
});

itWith(["ssh"], "a stock client gets the reason why its connection was ended", async () => {
  const { ssh, server, key, knownHosts } = await serveTo("*,sshrpc:kick,sshrpc:status");
  const waiting = run("ssh", [...ssh, "GET /ticks"]);
  const flags = ["--identity", key.file, "--known-hosts", knownHosts];
  const address = `ssh://op@127.0.0.1:${server.port}`;
  let ended = 0;
  while (ended === 0) {
    const { stdout } = await sshrpc([
      "kick",
      ...flags,
      address,
      "--user",
      "alice",
      "--reason",
      "maintenance",
      "--json",
    ]);
    ({ ended } = JSON.parse(stdout));
  }
  expect(await waiting).toMatchObject({
    status: 255,
    stderr: expect.stringContaining("disconnected by an operator: maintenance"),
  });
});

itWith(
  ["ssh", SSHD],
  "under sshd, health and status speak of the process of the one session",
  async () => {
    const { ssh } = await startStdioSshd((serve) => ({
      authorizedKeys: (line) => [
        `restrict,command="${serve("--scopes sshrpc:health,sshrpc:status")}" ${line} alice@laptop`,
      ],
    }));
    const health = await ssh(["health"]);
    expect([health.status, JSON.parse(health.stdout)]).toMatchObject([0, { status: "ok" }]);
    const status = await ssh(["status"]);
    expect(JSON.parse(status.stdout)).toMatchObject({
      connections: { open: 1, rows: [{ calls: 1 }], omitted: 0 },
      calls: { running: 1 },
    });
  },
  STARTS_PROCESSES,
);

/** A program in a terminal of tmux, until the end of the test. */
async function inTerminal(command: string, { columns = 120, rows = 24 } = {}) {
  const socket = `sshrpc-${randomBytes(6).toString("hex")}`;
  const tmux = async (...args: string[]) => (await run("tmux", ["-L", socket, "-f", "/dev/null", ...args])).stdout;
  onTestFinished(async () => void (await tmux("kill-server")));
  await tmux("new-session", "-d", "-x", `${columns}`, "-y", `${rows}`, `${command}; echo "status $?"; sleep 60`);
  const shows = async (pattern: RegExp): Promise<string> => {
    for (let look = 0; look < 400; look++) {
      const screen = await tmux("capture-pane", "-p");
      if (pattern.test(screen)) return screen;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${pattern} is not shown:\n${await tmux("capture-pane", "-p")}`);
  };
  return { tmux, shows, press: (key: string) => tmux("send-keys", key) };
}

itWith(
  ["tmux"],
  "sshrpc top draws a terminal, follows its size and keys, survives a restart of the server, and restores the terminal",
  async () => {
    const first = await serveTo("sshrpc:status");
    const { server, directory, key, knownHosts } = first;
    const address = `ssh://alice@127.0.0.1:${server.port}`;
    const flags = `--identity ${key.file} --known-hosts ${knownHosts} --interval 200ms`;
    const { tmux, shows, press } = await inTerminal(
      `echo before; HOME=${directory} SSH_AUTH_SOCK= ${process.execPath} ${BIN} top ${flags} ${address}`,
    );
    const screen = await shows(/ok, up \d+s[\s\S]*\[calls\]/);
    expect(screen).toContain("GET /sshrpc/status");
    expect(screen).not.toContain("before");
    await press("t");
    await shows(/\[traffic\]/);
    // An arrow key must not count as the letter of its sequence.
    await press("Up");
    await press("m");
    await shows(/\[memory\]/);
    await tmux("resize-window", "-x", "50", "-y", "10");
    const small = (await shows(/memory\]/)).trimEnd().split("\n");
    expect(small.length).toBeLessThanOrEqual(10);
    expect(small.at(-1)).toMatch(/^order by/);
    expect(small.every((line) => line.length <= 50)).toBe(true);

    const { port } = server;
    await server.close();
    await shows(/no answer, trying again/);
    const again = await serveHandlers(notesHandlers(), {
      ...{ host: "127.0.0.1", port, log: false },
      hostKeys: { privateKey: first.hostKey.privateKey },
      authorizedKeys: () => ({ scopes: ["sshrpc:status"] }),
    });
    onTestFinished(() => again.close());
    await shows(/ok, up \d+(ms|s)[\s\S]*order by/);
    await press("q");
    const after = await shows(/status 0/);
    expect(after).toMatch(/^before$/m);
    expect(after).not.toContain("order by");
  },
  STARTS_PROCESSES,
);

itWith(
  ["tmux"],
  "sshrpc top ends with the status of the call where the key lacks the scope, and restores the terminal",
  async () => {
    const { server, directory, key, knownHosts } = await serveTo("*");
    const flags = `--identity ${key.file} --known-hosts ${knownHosts}`;
    const { shows } = await inTerminal(
      `HOME=${directory} SSH_AUTH_SOCK= ${process.execPath} ${BIN} top ${flags} ssh://alice@127.0.0.1:${server.port}`,
    );
    expect(await shows(/status 4/)).toMatch(/^sshrpc: FORBIDDEN: .*sshrpc:status/m);
  },
  STARTS_PROCESSES,
);
