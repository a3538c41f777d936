import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, readlinkSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import ssh2 from "ssh2";
import { connectApi } from "sshrpc/generated";
import { expect, it, onTestFinished } from "vitest";
import { NOTES } from "../unit/runtime/adapters/notes-server.js";
import { failure, makeKey, TestLog, tempDir, write } from "../unit/runtime/ssh/support.js";
import { type Served, serveNotesOverSsh, start } from "./served.js";
import { SSHD, startSshd, USER } from "./sshd.js";
import { itWith } from "./stock.js";

type Line = Record<string, unknown>;

/** The lines of an audit log file. */
function linesOf(file: string): Line[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
}

interface NotesClient extends AsyncDisposable {
  readonly notes: { get(request: object): Promise<unknown>; store(request: object): Promise<unknown> };
  readonly note: { get(request: object): Promise<unknown> };
  readonly ticks: { get(request: object): AsyncIterable<unknown> };
}

async function connect(served: Served, identity = served.key.file): Promise<NotesClient> {
  const options = { identity, knownHosts: served.knownHosts, reconnect: false } as const;
  const client = (await connectApi(
    NOTES,
    `ssh://alice@127.0.0.1:${served.server.port}`,
    options,
  )) as unknown as NotesClient;
  onTestFinished(() => client[Symbol.asyncDispose]());
  return client;
}

itWith(["ssh"], "the audit log has a line for each connection, login, call and refusal, and no content", async () => {
  const directory = tempDir();
  const file = join(directory, "audit.log");
  const served = await serveNotesOverSsh({
    audit: { file },
    verifyPassword: async ({ password }) => (password === "SECRET-PASSWORD" ? { scopes: [] } : undefined),
  });
  const client = await connect(served);
  await client.notes.store({ text: "SECRET-BODY" });
  expect(await failure(client.note.get({ id: 7 }))).toMatchObject({ status: "NOT_FOUND" });
  for await (const _ of client.ticks.get({})) break;
  await client[Symbol.asyncDispose]();

  const env = { ...process.env, RPC_AUTHORIZATION: "SECRET-HEADER" };
  await start("ssh", ["-o", "SendEnv=RPC_AUTHORIZATION", ...served.ssh, "STORE", "/notes", "text=SECRET-BODY"], {
    env,
  }).ended;
  await start("ssh", [...served.ssh, "STORE", "/notes", "wrong=SECRET-BODY"]).ended;
  await start("ssh", [...served.ssh, "GET", "/nowhere/at/all"]).ended;
  await start("ssh", ["-W", "127.0.0.1:1", ...served.ssh]).ended;

  const stranger = makeKey(directory, "stranger");
  await failure(connect(served, stranger.file));
  for (const password of ["SECRET-WRONG", "SECRET-PASSWORD"]) {
    const other = new ssh2.Client();
    other.on("error", () => {});
    const done = Promise.race([once(other, "ready"), once(other, "close")]).catch(() => undefined);
    other.connect({
      host: "127.0.0.1",
      port: served.server.port,
      username: "bob",
      password,
      hostVerifier: () => true,
    });
    await done;
    other.end();
  }
  await served.server.close();

  const text = readFileSync(file, "utf8");
  expect(text).not.toMatch(/SECRET/);
  for (const key of [served.key, stranger]) expect(text).not.toContain(key.line.split(" ")[1]);
  expect(statSync(file).mode & 0o777).toBe(0o600);

  const lines = linesOf(file);
  const { fingerprint } = served.key.publicKey;
  const with_ = (message: string) => lines.filter(({ msg }) => msg === message);
  const [login] = with_("authenticated");
  expect(login).toMatchObject({
    level: "info",
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    connection: expect.stringMatching(/^[\w-]{8}$/),
    address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    user: "alice",
    fingerprint,
    keyName: "alice@laptop",
    authMethod: "publickey",
  });
  const id = login?.["connection"];
  const calls = with_("call");
  expect(calls.slice(0, 3)).toEqual(
    [
      ["STORE /notes", "OK", "info"],
      ["GET /notes/{id}", "NOT_FOUND", "warn", "no such note"],
      ["GET /ticks", "CANCELLED", "warn", "the caller cancelled the call"],
    ].map(([method, status, level, reason]) => ({
      level,
      time: expect.any(String),
      connection: id,
      call: expect.any(Number),
      address: login?.["address"],
      user: "alice",
      fingerprint,
      keyName: "alice@laptop",
      method,
      status,
      ms: expect.any(Number),
      bytesIn: expect.any(Number),
      bytesOut: expect.any(Number),
      ...(reason !== undefined && { reason }),
      msg: "call",
    })),
  );
  expect(calls[0]).toMatchObject({ bytesIn: 22, bytesOut: 22 });
  expect(calls.slice(3).map(({ method, status }) => [method, status])).toEqual([
    ["STORE /notes", "OK"],
    ["STORE /notes", "BAD_REQUEST"],
    ["GET /nowhere/at/all", "NOT_FOUND"],
  ]);
  expect(with_("forwarding refused")).toMatchObject([{ kind: "direct-tcpip", to: "127.0.0.1:1", user: "alice" }]);
  const refused = with_("authentication refused");
  expect(refused).toMatchObject(
    expect.arrayContaining([
      expect.objectContaining({ fingerprint: stranger.publicKey.fingerprint, authMethod: "publickey", level: "warn" }),
      expect.objectContaining({ user: "bob", authMethod: "password" }),
    ]),
  );
  const closed = with_("SSH connection closed").find(({ connection }) => connection === id);
  expect(closed?.["reason"]).toBeUndefined();
  expect(closed).toMatchObject({ level: "info", ms: expect.any(Number), bytesIn: expect.any(Number) });
});

it("records why a connection closed: by the client, lost, for a reason of the client, or by the server", async () => {
  const audit = new TestLog();
  const served = await serveNotesOverSsh({ audit });
  const connectRaw = async () => {
    const client = new ssh2.Client();
    client.on("error", () => {});
    client.connect({
      host: "127.0.0.1",
      port: served.server.port,
      username: "alice",
      privateKey: served.key.privateKey,
      hostVerifier: () => true,
    });
    await once(client, "ready");
    return client as ssh2.Client & { readonly _protocol: { disconnect(reason: number): void } };
  };
  const reasons = () => audit.with("SSH connection closed").map(({ level, fields }) => [level, fields["reason"]]);
  (await connectRaw()).end();
  await expect.poll(() => reasons().length).toBe(1);
  (await connectRaw()).destroy();
  await expect.poll(() => reasons().length).toBe(2);
  const third = await connectRaw();
  // "Too many connections", RFC 4253, section 11.1.
  third._protocol.disconnect(12);
  await expect.poll(() => reasons().length).toBe(3);
  await connectRaw();
  await served.server.close();
  expect(reasons()).toEqual([
    ["info", undefined],
    ["warn", "lost without a disconnect message"],
    ["warn", expect.stringMatching(/^the client disconnected/)],
    ["info", undefined],
  ]);
});

it("continues in a new file when the old one is moved, as by logrotate", async () => {
  const file = join(tempDir(), "audit.log");
  const served = await serveNotesOverSsh({ audit: { file } });
  const client = await connect(served);
  await client.notes.get({});
  await expect.poll(() => linesOf(file).filter(({ msg }) => msg === "call").length).toBe(1);
  renameSync(file, `${file}.1`);
  await expect
    .poll(
      async () => {
        await client.notes.get({});
        return statSync(file, { throwIfNoEntry: false }) === undefined ? 0 : linesOf(file).length;
      },
      { interval: 500 },
    )
    .toBeGreaterThan(0);
  await served.server.close();
  const calls = [...linesOf(`${file}.1`), ...linesOf(file)].filter(({ msg }) => msg === "call");
  // No line is lost or duplicated.
  const first = Number(calls[0]?.["call"]);
  expect(calls.map(({ call }) => call)).toEqual(calls.map((_, index) => first + index));
}, 30_000);

it("writes only failures at the level warn", async () => {
  const file = join(tempDir(), "audit.log");
  const served = await serveNotesOverSsh({ audit: { file, level: "warn" } });
  const client = await connect(served);
  await client.notes.get({});
  await failure(client.note.get({ id: 7 }));
  await served.server.close();
  expect(linesOf(file)).toMatchObject([{ msg: "call", status: "NOT_FOUND" }]);
});

it("prevents the start of a server whose audit log cannot be written", async () => {
  const file = write(tempDir(), "file", "");
  expect((await failure(serveNotesOverSsh({ audit: { file: `${file}/audit.log` } }))).message).toMatch(
    /^the audit log cannot be written: ENOTDIR/,
  );
  expect((await failure(serveNotesOverSsh({ audit: { file, level: "loud" } as never }))).message).toBe(
    "option audit.level: loud is neither info nor warn",
  );
  expect((await failure(serveNotesOverSsh({ audit: file as never }))).message).toBe(
    "option audit: invalid type string; it takes a logger, { file } or false",
  );
});

it("is closed when the server cannot start for another reason", async () => {
  if (!existsSync("/proc/self/fd")) return;
  const file = join(tempDir(), "audit.log");
  const failed = await failure(serveNotesOverSsh({ audit: { file }, korv: { calls: 0 } }));
  expect(failed.message).toBe("option korv.calls: 0 is not an integer from 1 to 2147483647");
  // A leaked file would still be open after a moment.
  await sleep(200);
  // The descriptor of readdir itself is listed, and closed by now.
  const open = readdirSync("/proc/self/fd").flatMap((fd) => {
    const path = join("/proc/self/fd", fd);
    return existsSync(path) ? readlinkSync(path) : [];
  });
  expect(open).not.toContain(file);
});

itWith([SSHD], "serve --stdio appends to one file from consecutive processes", async () => {
  const file = join(tempDir(), "audit.log");
  const bin = fileURLToPath(new URL("../../runtime/bin/sshrpc.js", import.meta.url));
  const handlers = fileURLToPath(new URL("../../examples/server.ts", import.meta.url));
  const command = `${process.execPath} ${bin} serve --stdio --handlers ${handlers} --scopes '*' --audit ${file}`;
  const sshd = await startSshd({ authorizedKeys: (line) => [`command="${command}" ${line}`] });
  for (const path of ["/hello", "/nowhere"]) {
    await start("ssh", [...sshd.options, "-T", `${USER}@127.0.0.1`, "GET", path]).ended;
  }
  expect(linesOf(file)).toMatchObject([
    { msg: "session over stdio", kind: "exec", user: USER, connection: expect.stringMatching(/^[\w-]{8}$/) },
    { msg: "call", method: "GET /hello", status: "OK", user: USER, call: 1 },
    { msg: "session over stdio" },
    { msg: "call", method: "GET /nowhere", status: "NOT_FOUND" },
  ]);
});
