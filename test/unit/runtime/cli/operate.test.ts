import { once } from "node:events";
import type { AddressInfo } from "node:net";
import ssh2 from "ssh2";
import { connectApi } from "sshrpc/generated";
import { serveHandlers } from "sshrpc/server";
import { describe, expect, onTestFinished, test } from "vitest";
import { FRAME, RawPeer } from "../../../support/raw-peer.js";
import { makeKey } from "../ssh/support.js";
import { gate } from "../support/host.js";
import { apiOf, handlersOf, type ItClient, method } from "../support/server.js";
import { failure, until } from "../support/wait.js";
import { fingerprintOf, type Outcome, sshrpc, tempDir } from "./run.js";

const IT = method("GET /it");

/** What these tests read of the answer of `status --json`. */
interface ServerStatus {
  readonly connections: { readonly rows: readonly { readonly id: string; readonly user: string }[] };
}

/** A server with a user who waits in a call, and commands of an operator. */
async function startServer({ health, scopes = "sshrpc:*" }: { health?: () => string; scopes?: string } = {}) {
  const cwd = tempDir();
  const [host, alice, admin] = ["host", "alice", "admin"].map((name) => makeKey(cwd, name)) as [Key, Key, Key];
  const { opened, open } = gate();
  const server = await serveHandlers(handlersOf([IT], { "GET /it": () => opened }), {
    ...{ host: "127.0.0.1", port: 0, log: false, ...(health && { health }) },
    hostKeys: { privateKey: host.privateKey },
    authorizedKeys: { lines: [alice.line, `scopes="${scopes}" ${admin.line}`] },
  });
  onTestFinished(() => server.close());
  const client = await connectApi<ItClient>(apiOf(IT), `ssh://alice@127.0.0.1:${server.port}`, {
    ...{ identity: { privateKey: alice.privateKey }, hostKey: server.fingerprints },
    ...{ agent: false, sshConfig: false, retries: 0, reconnect: false },
  });
  onTestFinished(() => client.close());
  const call = client.it.get();
  call.catch(() => undefined);
  const known = tempDir({ known_hosts: `[127.0.0.1]:${server.port} ${host.line}\n` });
  const identity = ["--identity", admin.file, "--known-hosts", `${known}/known_hosts`];
  const address = `ssh://op@127.0.0.1:${server.port}`;
  const run = (command: string, ...args: readonly string[]): Promise<Outcome> =>
    sshrpc([command, ...identity, address, ...args], { cwd });
  return { server, call, open, run, address, fingerprint: fingerprintOf(alice.line) };
}

type Key = ReturnType<typeof makeKey>;

describe("sshrpc status", () => {
  test("prints tables of calls, connections and keys", async () => {
    const { run, address, fingerprint } = await startServer();
    const { status, stdout, stderr } = await run("status");
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain(`${address}  ok, up`);
    expect(stdout).toMatch(/^calls: 2 running, 0 of them with streams; those that end are counted from now on$/m);
    expect(stdout).toMatch(/^GET \/it +1 +0 +0$/m);
    expect(stdout).toMatch(/^connections: 2\nCONNECTION +USER +KEY +ADDRESS +AGE +CALLS +MEMORY +IN +OUT$/m);
    expect(stdout).toMatch(/^[\w-]{8} +alice +\S+ +127\.0\.0\.1:\d+ /m);
    expect(stdout).toMatch(/^keys: 2 in use, 2 authorized$/m);
    expect(stdout).toContain(`key ${fingerprint}`);
  });

  test("prints one line of JSON with --json, and as many rows as --rows says", async () => {
    const { run } = await startServer();
    const { status, stdout } = await run("status", "--json", "--rows", "1", "--order", "age");
    expect(status).toBe(0);
    expect(stdout.trimEnd()).not.toContain("\n");
    const { connections } = JSON.parse(stdout) as ServerStatus;
    expect(connections).toMatchObject({ open: 2, omitted: 1, rows: [{ user: "alice" }] });
  });

  test("ends with 4 without the scope, in one line", async () => {
    const { run } = await startServer({ scopes: "*" });
    expect(await run("status")).toMatchObject({
      ...{ status: 4, stdout: "" },
      stderr: expect.stringMatching(/^sshrpc: FORBIDDEN: .*missing scope sshrpc:status.*\n$/),
    });
    expect(JSON.parse((await run("status", "--json")).stderr)).toMatchObject({ status: "FORBIDDEN", code: 403 });
  });

  test.each(["1001", "-1", "x", "1.5"])("refuses --rows %s", async (rows) => {
    expect(await sshrpc(["status", `--rows=${rows}`, "ssh://op@127.0.0.1:1"])).toMatchObject({ status: 2 });
  });
});

test("sshrpc top without a terminal prints one status", async () => {
  const { run } = await startServer();
  const { status, stdout } = await run("top");
  expect(status).toBe(0);
  expect(stdout).toMatch(/^connections: 2$/m);
});

describe("sshrpc kick", () => {
  test("ends the connections of a key, and says which", async () => {
    const { run, call, fingerprint } = await startServer();
    const { status, stdout } = await run("kick", fingerprint, "--reason", "maintenance");
    expect(status).toBe(0);
    const [line, sum] = stdout.split("\n");
    expect(line).toMatch(/^[\w-]{8} {2}user alice {2}/);
    expect(line).toContain(fingerprint);
    expect(line).toMatch(/1 call$/);
    expect(sum).toBe("1 connection ended");
    expect(await failure(call)).toMatchObject({ message: expect.stringContaining("operator: maintenance") });
    expect(await run("kick", fingerprint)).toEqual({ status: 1, stdout: "no such connection\n", stderr: "" });
  });

  test("ends a connection by its id, after its calls with --grace", async () => {
    const { run, call, open, server } = await startServer();
    const { connections } = JSON.parse((await run("status", "--json")).stdout) as ServerStatus;
    const id = connections.rows.find(({ user }) => user === "alice")?.id as string;
    const { status, stdout } = await run("kick", id, "--grace", "1m", "--json");
    expect([status, JSON.parse(stdout)]).toMatchObject([0, { ended: 1, rows: [{ id }], omitted: 0 }]);
    open();
    expect(await call).toBeNull();
    await until("the end", () => server.clients.length === 0);
  });

  test("prints JSON also where there is nothing to end, with exit status 1", async () => {
    const { run } = await startServer();
    for (const whose of [["--user", "bob"], ["--principal", "bob"], ["AAAAAAAA"]]) {
      const { status, stdout, stderr } = await run("kick", "--json", ...whose);
      expect([status, JSON.parse(stdout), stderr]).toEqual([1, { ended: 0, rows: [], omitted: 0 }, ""]);
    }
  });

  test.each([[[]], [["AAAAAAAA", "--user", "bob"]], [["a b"]], [["../x"]], [["MD5:00"]]])(
    "refuses the arguments %j with exit status 2",
    async (args) => {
      expect(await sshrpc(["kick", "ssh://op@127.0.0.1:1", ...args])).toMatchObject({ status: 2, stdout: "" });
    },
  );

  test("ends with 4 without the scope", async () => {
    const { run, fingerprint } = await startServer({ scopes: "sshrpc:status" });
    expect(await run("kick", fingerprint)).toMatchObject({ status: 4, stdout: "" });
  });
});

describe("sshrpc call GET /sshrpc/health", () => {
  test("has exit status 0 where the server is ready, else 5, as over stock ssh", async () => {
    const ready = await (await startServer()).run("call", "GET", "/sshrpc/health");
    expect([ready.status, JSON.parse(ready.stdout)]).toMatchObject([0, { status: "ok" }]);
    const { run } = await startServer({ health: () => "no database" });
    const { status, stdout, stderr } = await run("call", "GET", "/sshrpc/health");
    expect([status, JSON.parse(stdout)]).toMatchObject([5, { status: "unready", reason: "no database" }]);
    expect(stderr).toBe("sshrpc: UNAVAILABLE: the server is unready: no database\n");
  });
});

describe("the lines of a status", () => {
  const ESCAPE = "\u001b]0;owned\u0007\u001b[2J\u009b31m\u202e\n\r";
  /** Puts a text in place of each value of these types. */
  function hostile(value: unknown, types: readonly string[]): unknown {
    if (Array.isArray(value)) return value.map((inner) => hostile(inner, types));
    if (typeof value !== "object" || value === null) return types.includes(typeof value) ? ESCAPE : value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, hostile(inner, types)]));
  }

  /** A server that answers each call with this text, and the command for it. */
  async function startHostile(body: string): Promise<() => Promise<Outcome>> {
    const cwd = tempDir();
    const [host, op] = [makeKey(cwd, "host"), makeKey(cwd, "op")];
    const server = new ssh2.Server({ hostKeys: [host.privateKey] }, (connection) => {
      connection.on("error", () => undefined);
      connection.on("authentication", (attempt) => attempt.accept());
      connection.on("session", (accept) =>
        accept().on("subsystem", async (open) => {
          const peer = new RawPeer(open()).hello();
          peer.answer((await peer.next(FRAME.OPEN)).id, 200, body);
        }),
      );
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const known = tempDir({ known_hosts: `[127.0.0.1]:${port} ${host.line}\n` });
    const flags = ["--identity", op.file, "--known-hosts", `${known}/known_hosts`];
    return () => sshrpc(["status", ...flags, `ssh://op@127.0.0.1:${port}`], { cwd });
  }

  test("have no control character for any answer of a server", async () => {
    const { run } = await startServer();
    await run("status");
    const status = JSON.parse((await run("status", "--json")).stdout) as { readonly calls: object };
    const answer = { ...status, calls: { ...status.calls, omitted: 3 } };
    const show = await startHostile(JSON.stringify(hostile(answer, ["string"])));
    const texts = await show();
    expect(texts).toMatchObject({ status: 0, stdout: expect.stringContaining("\\u{1b}"), stderr: "" });
    const showAll = await startHostile(JSON.stringify(hostile(answer, ["string", "number", "boolean"])));
    const all = await showAll();
    expect(all).toMatchObject({ status: 5, stdout: "", stderr: expect.stringContaining("is not a status") });
    for (const line of `${texts.stdout}${all.stderr}`.split("\n")) expect(line).toMatch(/^[^\p{Cc}\p{Cf}]*$/u);
  });
});
