import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import ssh2 from "ssh2";
import { serveHandlers } from "sshrpc/server";
import { expect, onTestFinished, test } from "vitest";
import { defineHandlers } from "../../../conformance/generated/server.js";
import { conformanceHandlers, Waits } from "../../../conformance/handlers.js";
import { makeKey, TestLog } from "../ssh/support.js";
import { type Outcome, sshrpc, tempDir } from "./run.js";

/** A server whose only key has no scopes, and `sshrpc ping` to it. */
async function startBench(): Promise<{
  log: TestLog;
  hash: string;
  ping: (args: readonly string[]) => Promise<Outcome>;
}> {
  const cwd = tempDir({});
  const [host, alice] = [makeKey(cwd, "host"), makeKey(cwd, "alice")];
  const log = new TestLog();
  const api = defineHandlers(conformanceHandlers(new Waits()));
  const server = await serveHandlers(api, {
    ...{ port: 0, log },
    hostKeys: { privateKey: host.privateKey },
    authorizedKeys: { lines: [alice.line] },
  });
  onTestFinished(() => server.close());
  const known = tempDir({ known_hosts: `[127.0.0.1]:${server.port} ${host.line}\n` });
  const flags = ["--identity", alice.file, "--known-hosts", `${known}/known_hosts`];
  const to = [...flags, `ssh://alice@127.0.0.1:${server.port}`];
  return { log, hash: api.api.hash, ping: (args) => sshrpc(["ping", ...args, ...to], { cwd }) };
}

test("shows round trips, versions, contract and algorithms of a server, without a scope", async () => {
  const { log, hash, ping } = await startBench();
  const { status, stdout, stderr } = await ping([]);
  expect([status, stderr]).toEqual([0, ""]);
  const rows = Object.fromEntries(
    stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/ {2,}|(?<=^.{12}) /)),
  );
  expect(rows).toMatchObject({
    address: expect.stringMatching(/^ssh:\/\/alice@127\.0\.0\.1:\d+$/),
    server: expect.stringMatching(/^sshrpc\/\d+\.\d+\.\d+/),
    client: expect.stringMatching(/^sshrpc\/\d+\.\d+\.\d+/),
    contract: expect.stringContaining(hash),
    connected: expect.stringMatching(/^in [\d.]+ ms$/),
    call: expect.stringMatching(/^in [\d.]+ ms$/),
    "round trips": expect.stringMatching(/^10: min [\d.]+ ms, avg [\d.]+ ms, p99 [\d.]+ ms, max [\d.]+ ms$/),
    "key exchange": "mlkem768x25519-sha256",
    "host key": "ssh-ed25519",
    cipher: "aes256-gcm@openssh.com",
  });
  expect(log.lines.filter(({ level }) => level === "warn" || level === "error")).toEqual([]);
});

test("prints one line of JSON with --json, and makes as many round trips as --count says", async () => {
  const { hash, ping } = await startBench();
  const { status, stdout } = await ping(["--json", "--count", "3"]);
  expect(status).toBe(0);
  const { roundTrips, ...rest } = JSON.parse(stdout) as {
    roundTrips: Record<"count" | "min" | "avg" | "p99" | "max", number>;
  };
  expect(rest).toMatchObject({ api: { hash }, kex: "mlkem768x25519-sha256", cipher: "aes256-gcm@openssh.com" });
  expect(roundTrips.count).toBe(3);
  expect(roundTrips.min).toBeLessThanOrEqual(roundTrips.avg);
  expect(roundTrips.avg).toBeLessThanOrEqual(roundTrips.max);
  // Of so few, the slowest one.
  expect(roundTrips.p99).toBe(roundTrips.max);
});

test("ends with the status of a connection that fails, in one line", async () => {
  const refused = await sshrpc(["ping", "--json", "ssh://alice@127.0.0.1:1"], {});
  expect(refused).toMatchObject({ status: 5, stdout: "" });
  expect(JSON.parse(refused.stderr)).toMatchObject({ status: "UNAVAILABLE", code: 503 });
});

test.each(["0", "501", "x", "1.5", "-1"])("refuses --count %s", async (count) => {
  expect(await sshrpc(["ping", `--count=${count}`, "ssh://alice@127.0.0.1:1"], {})).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("from 1 to 500"),
  });
});

/** An SSH server whose subsystem does this, and the arguments of `sshrpc ping` for it. */
async function pingSubsystem(run: (stream: Duplex) => void, flags: readonly string[] = []): Promise<Outcome> {
  const cwd = tempDir({});
  const [host, alice] = [makeKey(cwd, "host"), makeKey(cwd, "alice")];
  const server = new ssh2.Server({ hostKeys: [host.privateKey] }, (connection) => {
    connection.on("error", () => undefined);
    connection.on("authentication", (attempt) => attempt.accept());
    connection.on("session", (accept) => accept().on("subsystem", (open) => run(open())));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const known = tempDir({ known_hosts: `[127.0.0.1]:${port} ${host.line}\n` });
  const identity = ["--identity", alice.file, "--known-hosts", `${known}/known_hosts`];
  return sshrpc(["ping", ...flags, ...identity, `ssh://alice@127.0.0.1:${port}`], { cwd });
}

test("rejects a subsystem that repeats the HELLO of the client", async () => {
  const { status, stdout, stderr } = await pingSubsystem((stream) => void stream.pipe(stream));
  expect([status, stdout]).toEqual([5, ""]);
  expect(stderr).toMatch(/^sshrpc: UNAVAILABLE: .*broke the protocol/);
});

test("a server that accepts the connection and then says nothing is given up at --timeout", async () => {
  const { status, stdout, stderr } = await pingSubsystem((stream) => void stream.resume(), ["--timeout", "300ms"]);
  expect([status, stdout]).toEqual([5, ""]);
  expect(stderr).toMatch(/^sshrpc: DEADLINE_EXCEEDED: no complete answer of ssh:\/\/alice@.* within 300 ms/);
});
