import { randomBytes } from "node:crypto";
import { appendFileSync, chmodSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import type ssh2 from "ssh2";
import { type ServeOptions, serveHandlers } from "sshrpc/server";
import { expect, it } from "vitest";
import { generateEd25519 } from "../../../../../runtime/src/ssh/keys/format/generate-ed25519.js";
import { publicKeyLine } from "../../../../../runtime/src/ssh/keys/format/public-key.js";
import { listen } from "../../../../../runtime/src/ssh/server/listen.js";
import { handlersOf } from "../../support/server.js";
import { rawClient } from "../raw-client.js";
import { type Bench, execHandler, failure, makeKey, startBench, startTcp, tempDir, write } from "../support.js";

const UNPRIVILEGED_PORTS = "/proc/sys/net/ipv4/ip_unprivileged_port_start";

/** The message with which a server does not start. */
async function listenFailure(options: Partial<ServeOptions>): Promise<string> {
  const directory = tempDir();
  const hostKeys = makeKey(directory, "host").file;
  const authorizedKeys = write(directory, "authorized_keys", `${makeKey(directory, "alice").line}\n`);
  const files = { hostKeys, authorizedKeys, log: false } as const;
  const error = await failure(
    serveHandlers(handlersOf([], {}), { port: 0, ...files, ...options }).then((server) => server.close()),
  );
  expect(error.message).not.toContain("\n");
  return error.message;
}

it("listens on loopback, and accepts ten sessions of one connection, by default", async () => {
  const bench = await startBench({}, undefined, [execHandler(() => {})]);
  expect(bench.listener.host).toBe("127.0.0.1");
  const client = await rawClient(bench);
  const start = () =>
    new Promise((resolve, reject) => client.exec("x", (error) => (error ? reject(error) : resolve(0))));
  for (let count = 0; count < 10; count++) await start();
  expect((await failure(start())).message).toMatch(/too many sessions/);
});

it("names the port in use, the unavailable address, and the invalid option", async () => {
  const port = await startTcp(() => {});
  expect(await listenFailure({ port })).toBe(
    `cannot listen on 127.0.0.1:${port}: the port is in use; stop the other process, or choose another port`,
  );
  expect(await listenFailure({ host: "192.0.2.1" })).toMatch(
    /^cannot listen on 192\.0\.2\.1:0: this machine does not have this address$/,
  );
  expect(await listenFailure({ port: 70_000 })).toMatch(/^option port: 70000 is not an integer from 0 to 65535$/);
  expect(await listenFailure({ sessionTimeout: 0 })).toMatch(/^option sessionTimeout: 0 is not an integer/);
  expect(await listenFailure({ loginGrace: Number.NaN })).toMatch(/^option loginGrace: NaN is not an integer/);
});

/** The lowest port that every user may listen on. */
const FIRST_FREE = process.platform === "linux" ? Number(readFileSync(UNPRIVILEGED_PORTS, "utf8")) : 0;

// Elsewhere, every user may listen on every port.
it.skipIf(FIRST_FREE < 2)("says that low ports need privileges", async () => {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    const { hostKey, alice } = { hostKey: generateEd25519("host"), alice: generateEd25519("alice") };
    const options = {
      hostKeys: { privateKey: hostKey.privateKey },
      authorizedKeys: { lines: [publicKeyLine(alice.publicKey)] },
    };
    const error = await failure(listen({ ...options, port: 1 }, []).then((listener) => listener.close()));
    expect(error.message).toBe(
      "cannot listen on 127.0.0.1:1: permission denied; ports below 1024 need privileges, choose a higher one",
    );
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
});

it("does not start without a valid host key", async () => {
  const directory = tempDir();
  const none = `${directory}/none`;
  expect(await listenFailure({ hostKeys: none })).toBe(
    `host key ${none} does not exist; create it with \`ssh-keygen -t ed25519 -N "" -f ${none}\``,
  );
  const open = write(directory, "open", makeKey(directory, "key").privateKey, 0o640);
  expect(await listenFailure({ hostKeys: open })).toBe(
    `host key ${open}: permissions 0640 are too open; run \`chmod 600 ${open}\``,
  );
  const corrupt = write(directory, "corrupt", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n");
  expect(await listenFailure({ hostKeys: corrupt })).toMatch(/corrupt is damaged, or not a private key/);
  expect(await listenFailure({ hostKeys: directory })).toMatch(/is not a regular file/);
  expect(await listenFailure({ hostKeys: [] })).toBe("the option hostKeys is empty; name the file of a host key");
  const twice = ["one", "two"].map((name) => makeKey(directory, name).file);
  expect(await listenFailure({ hostKeys: twice })).toMatch(
    /^the option hostKeys has two keys of type ssh-ed25519 \(SHA256:\S+, SHA256:\S+\); a server has one of each type$/,
  );
});

it("does not start without a list of keys that only its owner can write", async () => {
  const directory = tempDir();
  const { line } = makeKey(directory, "alice");
  expect(await listenFailure({ authorizedKeys: `${directory}/none` })).toBe(
    `authorized_keys file ${directory}/none does not exist`,
  );
  const open = write(directory, "open", `${line}\n`);
  chmodSync(open, 0o664);
  expect(await listenFailure({ authorizedKeys: open })).toBe(
    `authorized_keys file ${open}: permissions 0664 are too open; run \`chmod go-w ${open}\``,
  );
  expect(await listenFailure({ authorizedKeys: undefined as never })).toMatch(/^the option authorizedKeys is missing/);
  expect(await listenFailure({ authorizedKeys: [] })).toMatch(
    /^authorizedKeys is an empty list, so no key can log in; name a file$/,
  );
  expect(await listenFailure({ authorizedKeys: { lines: ["# no key"] } })).toMatch(
    /has no valid key, so no key can log in/,
  );
});

it("starts with an empty list, warns in one line, and accepts a key once it is added", async () => {
  const bench = await startBench({ authorizedKeys: write(tempDir(), "authorized_keys", "# no key yet\n") });
  const [warning] = bench.listener.warnings;
  expect(warning).toMatch(
    /authorized_keys: no authorized keys; add one with `sshrpc keys add --authorized-keys \S+ \S+\.pub --scopes "\*"`$/,
  );
  expect(bench.log.with(warning ?? "")).toHaveLength(1);
  expect(await failure(bench.dial())).toMatchObject({ status: "UNAUTHENTICATED" });
  appendFileSync(warning?.split(":")[0] ?? "", `${bench.alice.line}\n`);
  await bench.dial();
  expect(bench.accepted[0]?.peer.scopes).toEqual([]);
});

it("keeps the last good list when the file cannot be reloaded, and logs it once", async () => {
  const bench = await startBench();
  rmSync(bench.authorizedKeys);
  await bench.dial();
  await bench.dial();
  expect(bench.log.lines.filter(({ message }) => message.includes("the last valid keys stay in force"))).toHaveLength(
    1,
  );
});

it("denies a removed key without a restart", async () => {
  const bench = await startBench();
  await bench.dial();
  write(bench.directory, "authorized_keys", "# alice has left\n");
  expect(await failure(bench.dial())).toMatchObject({ status: "UNAUTHENTICATED" });
});

it("authorizes keys with a function, and denies them if it fails", async () => {
  const lookups: string[] = [];
  const bench = await startBench({
    authorizedKeys: async ({ user, key }) => {
      lookups.push(`${user} ${key.fingerprint}`);
      if (lookups.length > 1) throw new Error("the database is down");
      return { keyName: "from the function", scopes: ["*"] };
    },
  });
  await bench.dial();
  expect(bench.accepted[0]?.peer).toMatchObject({ keyName: "from the function", scopes: ["*"] });
  expect(lookups[0]).toBe(`alice ${bench.alice.publicKey.fingerprint}`);
  expect(await failure(bench.dial())).toMatchObject({ status: "UNAUTHENTICATED" });
  expect(bench.log.with("authentication refused")[0]?.fields["reason"]).toMatch(/the database is down/);
});

it("keeps serving after garbage, HTTP, and connections that are reset", async () => {
  const bench = await startBench();
  const greeting = "SSH-2.0-x\r\n";
  const length = (value: number) => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value]);
  const attacks = [
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    randomBytes(4096),
    "\n".repeat(2000),
    "x".repeat(20_000),
    `${greeting}${"\xff".repeat(4096)}`,
    Buffer.concat([Buffer.from(greeting), length(0xffffffff), randomBytes(64)]),
    Buffer.concat([Buffer.from(greeting), length(0), randomBytes(64)]),
    Buffer.concat([Buffer.from(greeting), length(1), randomBytes(64)]),
    "SSH-1.5-old\r\n",
    greeting,
    "",
  ];
  for (const attack of attacks) await attackWith(bench, attack);
  await bench.dial();
  await expect.poll(() => bench.listener.connections).toBe(1);
});

/** Sends bytes, waits for an answer or 30 ms, and resets the connection. */
async function attackWith(bench: Bench, bytes: string | Buffer): Promise<void> {
  await new Promise<void>((resolve) => {
    const socket = connect(bench.listener.port, "127.0.0.1", () => {
      socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
      setTimeout(() => socket.resetAndDestroy(), 30);
    });
    socket.on("error", () => {}).on("close", () => resolve());
  });
}

it("closes a connection that does not log in, before or after its greeting", async () => {
  const bench = await startBench({ loginGrace: 2000 });
  const attempts = ["", "SSH-2.0-slow\r\n"].map(
    (first) =>
      new Promise<void>((resolve) => {
        const socket = connect(bench.listener.port, "127.0.0.1", () => socket.write(first));
        socket.on("error", () => {}).on("close", () => resolve());
        socket.resume();
      }),
  );
  const duplex = await bench.dial();
  await Promise.all(attempts);
  // Longer than the grace of this connection.
  await new Promise((resolve) => setTimeout(resolve, 2100));
  expect(duplex.destroyed).toBe(false);
});

it("limits connections to maxConnections, and accepts another once one has closed", async () => {
  const bench = await startBench({ maxConnections: 1 });
  const first = await bench.dial();
  expect(await failure(bench.dial())).toMatchObject({ status: "UNAVAILABLE" });
  first.destroy();
  await expect.poll(() => bench.listener.connections).toBe(0);
  await bench.dial();
});

it("limits the sessions of a connection to maxChannels, and refuses unknown subsystems", async () => {
  const bench = await startBench({ maxChannels: 2 });
  const client = await rawClient(bench);
  const open = (name: string) =>
    new Promise<string>((resolve) => client.subsys(name, (error) => resolve(error?.message ?? "opened")));
  expect(await open("sshrpc")).toBe("opened");
  expect(await open("sftp")).toBe("Unable to start subsystem: sftp");
  // The session with the refused subsystem is still open.
  expect(await open("sshrpc")).toMatch(/Channel open failure/);
  expect(bench.accepted).toHaveLength(1);
});

it("opens ten concurrent sessions on a connection by default, as sshd does", async () => {
  const bench = await startBench();
  const client = await rawClient(bench);
  const opened = await Promise.allSettled(
    Array.from(
      { length: 11 },
      () =>
        new Promise((resolve, reject) =>
          client.subsys("sshrpc", (error, channel) => (error ? reject(error) : resolve(channel))),
        ),
    ),
  );
  expect(opened.map(({ status }) => status)).toEqual([...Array(10).fill("fulfilled"), "rejected"]);
});

it("accepts another channel after one has closed", async () => {
  const bench = await startBench({ maxChannels: 1 });
  const client = await rawClient(bench);
  for (let round = 0; round < 5; round++) {
    const channel = await new Promise<ssh2.ClientChannel>((resolve, reject) =>
      client.subsys("sshrpc", (error, opened) => (error ? reject(error) : resolve(opened))),
    );
    channel.resume();
    const closed = new Promise((resolve) => channel.once("close", resolve));
    channel.end();
    await closed;
  }
  expect(bench.accepted).toHaveLength(5);
});

it("refuses shell, exec and forwarding in both directions", async () => {
  const bench = await startBench({ maxChannels: 10 });
  const client = await rawClient(bench);
  const message = (call: (done: (error?: Error | null) => void) => void) =>
    new Promise<string>((resolve) => call((error) => resolve(error?.message ?? "allowed")));
  expect(await message((done) => client.exec("id", done))).toBe("Unable to exec");
  expect(await message((done) => client.shell(false, done))).toBe("Unable to open shell");
  expect(await message((done) => client.forwardOut("", 0, "127.0.0.1", 22, done))).toMatch(/open failure/);
  expect(await message((done) => client.forwardIn("127.0.0.1", 0, done))).toMatch(/^Unable to bind/);
  expect(bench.accepted).toHaveLength(0);
});

it("disconnects a client that sends more than the window holds", async () => {
  const bench = await startBench({}, (duplex) => void duplex.pause());
  const client = await rawClient(bench);
  const channel = await new Promise<ssh2.ClientChannel>((resolve, reject) =>
    client.subsys("sshrpc", (error, opened) => (error ? reject(error) : resolve(opened))),
  );
  const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
  type Raw = { _protocol: { channelData(id: number, data: Buffer): void } };
  const { id } = (channel as unknown as { outgoing: { id: number } }).outgoing;
  // A size that never leaves a window of exactly 0, at which ssh2 drops the data.
  const data = Buffer.alloc(30_001);
  for (let sent = 0; sent < 8_000_000; sent += data.length) (client as unknown as Raw)._protocol.channelData(id, data);
  await closed;
  // Both ends are in this process, and the client may be notified first.
  await expect.poll(() => bench.accepted[0]?.duplex.destroyed).toBe(true);
});
