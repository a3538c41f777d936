import { once } from "node:events";
import { createConnection } from "node:net";
import ssh2 from "ssh2";
import { type Client, connectApi } from "sshrpc/generated";
import { expect, it, onTestFinished } from "vitest";
import { NOTES } from "../unit/runtime/adapters/notes-server.js";
import { failure, makeKey, startTcp, write } from "../unit/runtime/ssh/support.js";
import { Recorder } from "../unit/runtime/support/recorder.js";
import { type Served, serveNotesOverSsh } from "./served.js";

interface NotesClient extends Client {
  readonly note: { get(request: object): Promise<unknown> };
}

async function connect(served: Served, options: object = {}): Promise<NotesClient> {
  const client = await connectApi<NotesClient>(NOTES, `ssh://alice@127.0.0.1:${served.server.port}`, {
    identity: served.key.file,
    knownHosts: served.knownHosts,
    sshConfig: false,
    reconnect: false,
    ...options,
  });
  onTestFinished(() => client.close());
  return client;
}

async function connectRaw(served: Served): Promise<ssh2.Client & { readonly _protocol: { rekey(): void } }> {
  const client = new ssh2.Client();
  client.on("error", () => {});
  onTestFinished(() => void client.destroy());
  client.connect({
    host: "127.0.0.1",
    port: served.server.port,
    username: "alice",
    privateKey: served.key.privateKey,
    hostVerifier: () => true,
  });
  await once(client, "ready");
  return client as ssh2.Client & { readonly _protocol: { rekey(): void } };
}

it("reports a connection from its admission to its end, with its login, session and call", async () => {
  const recorder = new Recorder();
  const served = await serveNotesOverSsh({ observer: recorder.observer });
  const client = await connect(served);
  await client.note.get({ id: 1 });
  await client.close();
  await expect.poll(() => recorder.of("connectionClosed").length).toBe(1);
  expect(recorder.events.map(({ event }) => event)).toEqual([
    "serverStarted",
    "connectionAdmitted",
    "connectionOpened",
    "authenticated",
    "sessionOpened",
    "callStarted",
    "callEnded",
    "sessionClosed",
    "connectionClosed",
  ]);
  const [, admitted, opened, ...later] = recorder.events;
  const address = expect.stringMatching(/^127\.0\.0\.1:\d+$/);
  expect(admitted).toEqual({ event: "connectionAdmitted", address, isReturning: false });
  expect(opened).toEqual({
    event: "connectionOpened",
    address: admitted?.["address"],
    connectionId: expect.stringMatching(/^[\w-]{8}$/),
  });
  const peer = { user: "alice", keyName: "alice@laptop", scopes: ["*"], connectionId: opened?.["connectionId"] };
  for (const event of later) expect(event).toMatchObject({ peer });
  expect(recorder.of("sessionOpened")).toMatchObject([{ kind: "subsystem", name: "sshrpc", transport: "ssh" }]);
  const traffic = { bytesIn: expect.any(Number), bytesOut: expect.any(Number), milliseconds: expect.any(Number) };
  expect(recorder.of("connectionClosed")).toMatchObject([traffic]);
});

it("reports a login, a session and a forwarding that are refused, and a forwarded connection", async () => {
  const recorder = new Recorder();
  const port = await startTcp((socket) => void socket.pipe(socket));
  const served = await serveNotesOverSsh({
    observer: recorder.observer,
    session: () => ({ deny: "closed for today" }),
    forwarding: { permitOpen: [`127.0.0.1:${port}`] },
  });
  const other = makeKey(served.directory, "other");
  await failure(connect(served, { identity: other.file }));
  expect(recorder.of("authenticationRefused")).toMatchObject([
    {
      user: "alice",
      method: "publickey",
      reason: expect.any(String),
      rejectedKey: { fingerprint: other.publicKey.fingerprint },
    },
  ]);

  const client = await connectRaw(served);
  client.exec("GET /notes/1 secret", () => {});
  await expect.poll(() => recorder.of("sessionRefused").length).toBe(1);
  const peer = { user: "alice" };
  expect(recorder.of("sessionRefused")).toMatchObject([{ peer, kind: "exec", reason: "closed for today" }]);
  expect(JSON.stringify(recorder.of("sessionRefused"))).not.toContain("secret");

  const forward = (to: number): Promise<ssh2.ClientChannel> =>
    new Promise((resolve, reject) => {
      client.forwardOut("127.0.0.1", 1, "127.0.0.1", to, (error, channel) =>
        error ? reject(error) : resolve(channel),
      );
    });
  await failure(forward(1));
  expect(recorder.of("forwardRefused")).toMatchObject([{ peer, kind: "direct-tcpip", to: "127.0.0.1:1" }]);
  const channel = await forward(port);
  channel.write("hello");
  await once(channel, "data");
  channel.end();
  await expect.poll(() => recorder.of("forwardClosed").length).toBe(1);
  const forwarded = { peer, kind: "direct-tcpip", to: `127.0.0.1:${port}` };
  expect(recorder.of("forwardOpened")).toMatchObject([forwarded]);
  expect(recorder.of("forwardClosed")).toMatchObject([{ ...forwarded, bytesIn: 5, bytesOut: 5 }]);
});

it("reports a connection that is refused before authentication", async () => {
  const recorder = new Recorder();
  const served = await serveNotesOverSsh({ observer: recorder.observer });
  const socket = createConnection(served.server.port, "127.0.0.1")
    .on("error", () => {})
    .resume();
  socket.write("GET / HTTP/1.1\r\n\r\n");
  await once(socket, "close");
  const address = expect.stringMatching(/^127\.0\.0\.1:\d+$/);
  expect(recorder.of("connectionRefused")).toEqual([
    { event: "connectionRefused", address, reason: expect.stringContaining("GET / HTTP/1.1") },
  ]);
});

it("reports a rekey", async () => {
  const recorder = new Recorder();
  const served = await serveNotesOverSsh({ observer: recorder.observer });
  const client = await connectRaw(served);
  expect(recorder.of("rekeyed")).toEqual([]);
  client._protocol.rekey();
  await expect.poll(() => recorder.of("rekeyed").length).toBe(1);
  expect(recorder.of("rekeyed")).toMatchObject([{ peer: { user: "alice" } }]);
});

it("reports keys that were reloaded and revoked", async () => {
  const recorder = new Recorder();
  const served = await serveNotesOverSsh();
  const line = `scopes="*" ${served.key.line}\n`;
  const file = write(served.directory, "authorized_keys", line);
  const other = await serveNotesOverSsh({ observer: recorder.observer, authorizedKeys: file });
  const client = await connect({ ...served, server: other.server, knownHosts: other.knownHosts });
  await client.note.get({ id: 1 });
  const unused = makeKey(served.directory, "unused");
  write(served.directory, "authorized_keys", `${unused.line}\n`);
  await expect.poll(() => recorder.of("accessRevoked").length, { timeout: 10_000 }).toBe(1);
  expect(recorder.of("keysReloaded")).toMatchObject([{ list: "authorized_keys", files: [file], keys: 1 }]);
  expect(recorder.of("accessRevoked")).toMatchObject([{ peer: { user: "alice" }, reason: expect.any(String) }]);
});

it("reports a graceful shutdown with the calls that it waits for", async () => {
  const recorder = new Recorder();
  const served = await serveNotesOverSsh({ observer: recorder.observer });
  const client = await connect(served);
  // Note 8 takes a while.
  const call = client.note.get({ id: 8 });
  await expect.poll(() => recorder.of("callStarted").length).toBe(1);
  await served.server.close({ grace: 20_000 });
  expect(await call).toMatchObject({ id: 8 });
  expect(recorder.of("drainStarted")).toEqual([{ event: "drainStarted", grace: 20_000, connections: 1, calls: 1 }]);
  expect(recorder.of("drainEnded")).toEqual([{ event: "drainEnded", milliseconds: expect.any(Number), calls: 0 }]);
});

it("an observer that throws at every event disturbs no connection", async () => {
  const throwing = new Proxy(
    {},
    {
      get: () => () => {
        throw new Error("broken");
      },
    },
  );
  const recorder = new Recorder();
  const served = await serveNotesOverSsh({ observer: [throwing, recorder.observer] });
  const client = await connect(served, { observer: throwing, log: false });
  expect(await client.note.get({ id: 1 })).toMatchObject({ id: 1 });
  await client.close();
  await expect.poll(() => recorder.of("connectionClosed").length).toBe(1);
  const failures = served.log.with("an observer failed").map(({ fields }) => fields["event"]);
  expect(failures).toContain("runCall");
  const failed = failures.filter((event) => event !== "runCall");
  expect(failed).toEqual(recorder.events.map(({ event }) => event));
});
