import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect } from "vitest";
import { IS_FULL } from "../rounds.js";
import { until } from "../unit/runtime/support/wait.js";
import { run } from "./run.js";
import { CONTENT, type Running, type Served, serveNotesOverSsh, sha256, start } from "./served.js";
import { itWith, missingPrograms, PERL, PYTHON, RUBY } from "./stock.js";

/** A stock client, and how it runs a command on our server. */
interface StockClient {
  readonly name: string;
  readonly programs: readonly string[];
  readonly exec: (served: Served, command: string) => Promise<Running>;
}

const clientFile = (name: string) => fileURLToPath(new URL(`clients/${name}`, import.meta.url));

const script = (program: string, name: string): StockClient["exec"] => {
  const file = clientFile(name);
  const options = program === PYTHON ? ["-W", "ignore"] : [];
  return async ({ server, key, knownHosts }, command) =>
    start(program, [...options, file, `${server.port}`, key.file, knownHosts, command]);
};

/** Compiles a Go program with Debian's packages, once. */
function compiled(name: string): () => Promise<string> {
  let program: Promise<string> | undefined;
  const build = async (): Promise<string> => {
    const directory = mkdtempSync(join(tmpdir(), "sshrpc-go-"));
    afterAll(() => rmSync(directory, { recursive: true, force: true }));
    const env = { GO111MODULE: "off", GOPATH: "/usr/share/gocode", GOCACHE: `${directory}/cache` };
    const { status, stderr } = await run("go", ["build", "-o", `${directory}/client`, clientFile(name)], "", env);
    if (status !== 0) throw new Error(stderr);
    return `${directory}/client`;
  };
  return () => {
    program ??= build();
    return program;
  };
}

const xcrypto = compiled("xcrypto.go");

/** Clients whose packages are too large for every run: `.ci/nightly` installs them. */
const LARGE_CLIENTS: readonly StockClient[] = [
  {
    name: "x/crypto",
    programs: ["go"],
    exec: async ({ server, key, knownHosts }, command) =>
      start(await xcrypto(), [`${server.port}`, key.file, knownHosts, command]),
  },
  { name: "erlang", programs: ["escript"], exec: script("escript", "erlang.escript") },
];

const CLIENTS: readonly StockClient[] = [
  {
    name: "ssh",
    programs: ["ssh"],
    exec: async ({ ssh }, command) => start("ssh", [...ssh, command]),
  },
  {
    name: "plink",
    programs: ["plink", "puttygen"],
    exec: async ({ server, key }, command) => {
      await run("puttygen", [key.file, "-O", "private", "-o", `${key.file}.ppk`]);
      const host = ["-hostkey", server.fingerprints[0] as string, "-P", `${server.port}`];
      const args = ["-ssh", "-batch", "-noagent", "-T", ...host, "-i", `${key.file}.ppk`, "alice@127.0.0.1", command];
      return start("plink", args);
    },
  },
  {
    name: "dbclient",
    programs: ["dbclient", "dropbearconvert"],
    exec: async ({ server, key, directory }, command) => {
      await run("dropbearconvert", ["openssh", "dropbear", key.file, `${key.file}.db`]);
      const args = ["-T", "-y", "-y", "-i", `${key.file}.db`, "-p", `${server.port}`, "alice@127.0.0.1", command];
      return start("dbclient", args, { env: { ...process.env, HOME: directory } });
    },
  },
  { name: "asyncssh", programs: ["python3-asyncssh"], exec: script(PYTHON, "asyncssh.py") },
  { name: "paramiko", programs: ["python3-paramiko"], exec: script(PYTHON, "paramiko.py") },
  { name: "conch", programs: ["python3-twisted"], exec: script(PYTHON, "conch.py") },
  { name: "libssh2", programs: ["libnet-ssh2-perl"], exec: script(PERL, "libssh2.pl") },
  { name: "libssh", programs: ["libssh-4"], exec: script(PYTHON, "libssh.py") },
  { name: "net-ssh", programs: ["ruby-net-ssh"], exec: script(RUBY, "net_ssh.rb") },
  ...(process.env["LARGE_CLIENTS"] === "1" ? LARGE_CLIENTS : []),
];

interface Result {
  readonly status: number | string | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

async function result(running: Running, input?: Buffer): Promise<Result> {
  running.process.stdin?.end(input);
  const status = await running.ended;
  return { status, stdout: running.stdout(), stderr: running.stderr() };
}

/** What each client must do. */
const CASES: Readonly<Record<string, (served: Served, exec: (command: string) => Promise<Running>) => Promise<void>>> =
  {
    unary: async (_, exec) => {
      const { status, stdout, stderr } = await result(await exec('STORE /notes {"text":"grüße ☺"}'));
      expect({ status, stdout: `${stdout}` }, stderr).toEqual({ status: 0, stdout: '{"text":"grüße ☺"}\n' });
    },
    error: async (_, exec) => {
      const { status, stdout, stderr } = await result(await exec("GET /notes/7"));
      expect({ status, stdout: `${stdout}` }, stderr).toEqual({ status: 4, stdout: "" });
      const line = stderr.split("\n").find((text) => text.startsWith("{"));
      expect(JSON.parse(line ?? "null")).toMatchObject({ status: "NOT_FOUND", details: { id: 7 } });
    },
    stream: async (_, exec) => {
      const running = await exec("STORE /sum");
      const numbers = Array.from({ length: 1000 }, (_, index) => index + 1).join("\n");
      const { status, stdout, stderr } = await result(running, Buffer.from(`${numbers}\n`));
      expect({ status, stdout: `${stdout}` }, stderr).toEqual({ status: 0, stdout: "500500\n" });
      const ticks = await exec("GET /ticks");
      await until("three ticks", () => `${ticks.stdout()}` === '{"tick":1}\n{"tick":2}\n{"tick":3}\n');
      ticks.process.kill("SIGKILL");
    },
    "bytes up": async ({ seen }, exec) => {
      const { status, stdout, stderr } = await result(await exec("STORE /files/a.bin"), CONTENT);
      expect({ status, stdout: `${stdout}` }, stderr).toEqual({
        status: 0,
        stdout: `{"name":"a.bin","sha256":"${sha256(CONTENT)}"}\n`,
      });
      expect(seen).toContain("all");
    },
    "bytes down": async (_, exec) => {
      const { status, stdout, stderr } = await result(await exec("GET /files/a.bin"));
      expect({ status, bytes: stdout.length }, stderr).toEqual({ status: 0, bytes: CONTENT.length });
      expect(sha256(stdout)).toBe(sha256(CONTENT));
    },
    cancel: async ({ seen }, exec) => {
      const running = await exec("GET /ticks");
      await until("the third tick", () => seen.includes("third"));
      running.process.kill("SIGTERM");
      await until("the handler's end", () => seen.includes("left"));
    },
  };

/** Programs of libraries start slowly, and their protocol is that of the others: a short run has the cases in which they differ. */
const OF_LIBRARIES = ["error", "bytes up", "bytes down"];
const PROGRAMS = ["ssh", "plink", "dbclient"];
const casesOf = (client: string) =>
  Object.entries(CASES).filter(([title]) => IS_FULL || PROGRAMS.includes(client) || OF_LIBRARIES.includes(title));

const done = new Map<string, string>();

for (const { name, programs, exec } of CLIENTS) {
  describe(`stock client ${name}`, () => {
    for (const [title, check] of casesOf(name)) {
      const cell = `${name} ${title}`;
      done.set(cell, missingPrograms(programs).length > 0 ? "not installed" : "not run");
      itWith(programs, `${title} works`, async () => {
        done.set(cell, "FAILED");
        const served = await serveNotesOverSsh();
        await check(served, (command) => exec(served, command));
        done.set(cell, "ok");
      });
    }
  });
}

afterAll(() => {
  const titles = Object.keys(CASES);
  const rows = CLIENTS.map(({ name }) => [name, ...titles.map((title) => done.get(`${name} ${title}`) ?? "")]);
  const table = [["client", ...titles], ...rows].map((row) =>
    row
      .map((cell) => cell.padEnd(13))
      .join("")
      .trimEnd(),
  );
  process.stdout.write(`\nstock clients at our server\n${table.join("\n")}\n`);
});
