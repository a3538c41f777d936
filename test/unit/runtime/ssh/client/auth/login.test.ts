import { once } from "node:events";
import { connect, type Socket } from "node:net";
import ssh2 from "ssh2";
import type { DialOptions } from "sshrpc/client";
import { expect, it, onTestFinished } from "vitest";
import { copyKey, takeSigningKey } from "../../../../../fixtures/keys.js";
import { open } from "../../../../../interop/client.js";
import { closed, failure, makeKey, startRelay, startTcp, tempDir } from "../../support.js";

type Answer = (context: ssh2.AuthContext, connection: ssh2.Connection) => void;

/** A server that answers each authentication request by `answer`, with a function that dials it. */
async function startServer(answer: Answer, onConnection: (connection: ssh2.Connection) => void = () => {}) {
  const directory = tempDir();
  const host = makeKey(directory, "host");
  const connections = new Set<ssh2.Connection>();
  const server = new ssh2.Server({ hostKeys: [host.privateKey] }, (connection) => {
    connections.add(connection);
    onConnection(connection);
    connection.on("error", () => {}).on("authentication", (context) => answer(context, connection));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const connection of connections) connection.end();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const options = { hostKey: host.publicKey.fingerprint, agent: false, sshConfig: false, identity: [] } as const;
  const dial = (more: DialOptions, to = port) => open(`ssh://alice@127.0.0.1:${to}`, { ...options, ...more });
  return { port, dial, directory };
}

/** Rejects `none`, and offers every other method. */
const refuseNone: Answer = (context) =>
  context.reject(["publickey", "password", "keyboard-interactive"] as ssh2.AuthenticationType[]);

it("answers at most twenty keyboard-interactive requests of a server", async () => {
  const server = await startServer((context, connection) => {
    if (context.method !== "keyboard-interactive") return refuseNone(context, connection);
    let rounds = 0;
    const again = (): void => {
      if (++rounds > 25) context.reject(["keyboard-interactive"]);
      else context.prompt([{ prompt: "More? ", echo: true }], again);
    };
    again();
  });
  let asked = 0;
  const prompts = () => [`${++asked}`];
  const error = await failure(server.dial({ prompts }));
  expect(error).toMatchObject({
    status: "UNAUTHENTICATED",
    message: expect.stringContaining("sent more than 20 keyboard-interactive requests"),
  });
  expect(asked).toBe(20);
});

it.each(["password", "prompts"])("survives a connection that closes while the option %s is pending", async (option) => {
  const server = await startServer((context, connection) => {
    if (context.method === "keyboard-interactive") context.prompt([{ prompt: "Code: ", echo: false }], () => {});
    else refuseNone(context, connection);
  });
  const relay = await startRelay(server.port);
  let asked: () => void = () => {};
  let answer: (text: string) => void = () => {};
  const waiting = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const ask = () => {
    asked();
    return new Promise<string>((resolve) => {
      answer = resolve;
    });
  };
  const means = option === "password" ? { password: ask } : { prompts: async () => [await ask()] };
  const dialling = failure(server.dial(means, relay.port));
  await waiting;
  relay.kill();
  expect(await dialling).toMatchObject({ status: "UNAVAILABLE" });
  answer("too late");
  await new Promise((resolve) => setTimeout(resolve, 20));
});

/** Values that functions throw. */
const thrown = [new Error("boo"), "boo", null, undefined];

it.each(thrown)("names the option passphrase where its function throws %o", async (value) => {
  const server = await startServer((context, connection) => {
    if (context.method !== "publickey") refuseNone(context, connection);
    else context.accept();
  });
  const options = { identity: copyKey("ed25519-RFC4716-encrypted", "locked") };
  const fail = () => {
    throw value;
  };
  const error = await failure(server.dial({ ...options, passphrase: fail }));
  expect(error).toMatchObject({ status: "UNAUTHENTICATED" });
  expect(error.message).toContain(`option passphrase failed: ${value instanceof Error ? "boo" : value}`);
  expect((await failure(server.dial({ ...options, passphrase: () => 5 as never }))).message).toContain(
    "option passphrase failed: it returned neither a string nor undefined",
  );
});

it.each(thrown)("names the options password, prompts, identity and hostKey where one throws %o", async (value) => {
  const server = await startServer((context, connection) => {
    if (context.method === "keyboard-interactive") context.prompt([{ prompt: "Code: ", echo: false }], () => {});
    else refuseNone(context, connection);
  });
  const fail = () => {
    throw value;
  };
  const prompting = await startServer((context, connection) => {
    if (context.method !== "keyboard-interactive") refuseNone(context, connection);
    else context.prompt([{ prompt: "Code: ", echo: false }], () => context.reject([]));
  });
  const text = value instanceof Error ? "boo" : String(value);
  expect((await failure(server.dial({ password: fail }))).message).toContain(`option password failed: ${text}`);
  const { message } = await failure(prompting.dial({ prompts: fail }));
  expect(message).toContain(`option prompts failed: ${text}`);
  expect(message).not.toContain("did not return");
  const identity = { privateKey: fail };
  expect((await failure(server.dial({ identity }))).message).toContain(`option identity failed: ${text}`);
  expect((await failure(server.dial({ hostKey: fail, knownHosts: [] }))).message).toContain(
    `option hostKey failed (${text})`,
  );
});

it.each([[null], [[5]], [{ length: 1 }]])("does not hang where the option prompts returns %o", async (answers) => {
  const server = await startServer((context, connection) => {
    if (context.method !== "keyboard-interactive") refuseNone(context, connection);
    else context.prompt([{ prompt: "Code: ", echo: false }], () => context.reject([]));
  });
  expect((await failure(server.dial({ prompts: () => answers as never }))).message).toContain(
    "option prompts failed: it did not return an array of strings",
  );
});

it.each(thrown)("names the option newPassword where its function throws %o", async (value) => {
  const server = await startServer((context, connection) => {
    if (context.method !== "password") refuseNone(context, connection);
    else context.requestChange("expired", () => {});
  });
  const newPassword = () => {
    throw value;
  };
  const error = await failure(server.dial({ password: "old", newPassword }));
  expect(error.message).toContain(`option newPassword failed: ${value instanceof Error ? "boo" : value}`);
});

it("tries the method none last where a server does not list it", async () => {
  const server = await startServer((context) =>
    context.method === "none" ? context.accept() : context.reject(["publickey"]),
  );
  const alice = makeKey(tempDir(), "alice");
  // The server has no subsystem: the login has succeeded.
  const error = await failure(server.dial({ identity: alice.file }));
  expect(error).toMatchObject({ status: "UNAVAILABLE" });
  expect(error.message).not.toContain("authentication");
});

it("signs for the session of the connection, and no other", async () => {
  const alice = makeKey(tempDir(), "alice");
  const proofs: { blob: Buffer; signature: Buffer }[] = [];
  const server = await startServer((context, connection) => {
    if (context.method !== "publickey") return refuseNone(context, connection);
    if (context.signature === undefined) return context.accept();
    const { blob, signature } = context as { blob?: Buffer; signature: Buffer };
    proofs.push({ blob: Buffer.from(blob as Buffer), signature: Buffer.from(signature) });
    context.reject(["publickey"]);
  });
  const key = ssh2.utils.parseKey(alice.line) as ssh2.ParsedKey;
  for (let connection = 0; connection < 2; connection++) await failure(server.dial({ identity: alice.file }));
  const [first, second] = proofs as [(typeof proofs)[0], (typeof proofs)[0]];
  expect(key.verify(first.blob, first.signature)).toBe(true);
  expect(key.verify(second.blob, second.signature)).toBe(true);
  expect(key.verify(second.blob, first.signature)).toBe(false);
});

it("continues to the next key if one cannot sign, and reports the reason", async () => {
  let signed = 0;
  const server = await startServer((context, connection) => {
    if (context.method !== "publickey") refuseNone(context, connection);
    else if (context.signature === undefined) context.accept();
    else context.reject(++signed === 1 ? ["publickey"] : []);
  });
  const locked = copyKey("ed25519-RFC4716-encrypted", "locked");
  const good = makeKey(server.directory, "good");
  const error = await failure(server.dial({ identity: [locked, good.file], passphrase: "wrong" }));
  expect(error.message).toMatch(
    /accepts none of these keys: SHA256:\S+ \(\S+good\) \(identity \S+locked is encrypted: wrong passphrase\)/,
  );
  expect(signed).toBe(1);
});

it("signs with RSA and SHA-2 for a server without server-sig-algs", async () => {
  const privateKey = takeSigningKey("rsa-2048");
  const text = privateKey.export({ type: "pkcs8", format: "pem" });
  const proofs: (string | undefined)[] = [];
  const server = await startServer((context, connection) => {
    if (context.method !== "publickey") return refuseNone(context, connection);
    if (context.signature === undefined) return context.accept();
    const key = ssh2.utils.parseKey(`ssh-rsa ${context.key.data.toString("base64")}`) as ssh2.ParsedKey;
    const { blob, hashAlgo } = context as { blob?: Buffer; hashAlgo?: string };
    proofs.push(key.verify(blob as Buffer, context.signature, hashAlgo) ? hashAlgo : "no signature at all");
    context.reject(["publickey"]);
  }, disableExtInfo);
  await failure(server.dial({ identity: { privateKey: text } }));
  expect(proofs).toEqual(["sha256"]);
});

/** Stops ssh2 from sending server-sig-algs after the first key exchange. */
function disableExtInfo(connection: ssh2.Connection): void {
  const protocol = (connection as unknown as { _protocol: SilentProtocol })._protocol;
  const complete = protocol._onHandshakeComplete;
  protocol._onHandshakeComplete = (negotiated) => {
    protocol._kex.remoteExtInfoEnabled = false;
    complete(negotiated);
  };
}

interface SilentProtocol {
  _onHandshakeComplete: (negotiated: unknown) => void;
  readonly _kex: { remoteExtInfoEnabled: boolean };
}

it("blames the channel, not the login, where an accepted client gets no channel", async () => {
  const silent = await startServer(
    (context) => context.accept(),
    (connection) => void connection.on("session", () => {}),
  );
  const leaving = await startServer(
    (context) => context.accept(),
    (connection) => void connection.on("session", () => connection.end()),
  );
  expect(await failure(silent.dial({ password: "x", connectTimeout: 1000 }))).toMatchObject({
    status: "UNAVAILABLE",
    message: `ssh://alice@127.0.0.1:${silent.port} did not finish the channel within 1000 ms (connectTimeout)`,
  });
  expect(await failure(leaving.dial({ password: "x" }))).toMatchObject({
    status: "UNAVAILABLE",
    message: `127.0.0.1:${leaving.port} closed the connection during the channel`,
  });
});

it("blames the channel where an accepted client gets no answer to its request for the subsystem", async () => {
  const silent = await startServer(
    (context) => context.accept(),
    (connection) => void connection.on("session", (accept) => void accept().on("subsystem", () => {})),
  );
  const leaving = await startServer(
    (context) => context.accept(),
    (connection) => void connection.on("session", (accept) => void accept().on("subsystem", () => connection.end())),
  );
  expect(await closed(await silent.dial({ password: "x", connectTimeout: 1000 }))).toMatchObject({
    status: "UNAVAILABLE",
    message: `ssh://alice@127.0.0.1:${silent.port} did not finish the channel within 1000 ms (connectTimeout)`,
  });
  expect(await closed(await leaving.dial({ password: "x" }))).toMatchObject({
    status: "UNAVAILABLE",
    message: `the connection to ssh://alice@127.0.0.1:${leaving.port} was lost`,
    cause: expect.objectContaining({ message: "the server has not answered the request for the channel" }),
  });
});

it("does not advise on keys where a server leaves during a login that offered none", async () => {
  const server = await startServer((_, connection) => connection.end());
  expect(await failure(server.dial({ password: "x" }))).toMatchObject({
    status: "UNAVAILABLE",
    message: expect.stringMatching(/ closed the connection during the authentication(?:: [^;]+)?; offered nothing$/),
  });
});

it.each([
  { status: "UNAVAILABLE", after: "no answer", rejected: 0 },
  { status: "UNAUTHENTICATED", after: "a rejected key", rejected: 1 },
])("an end without a word after $after is $status", async ({ status, rejected }) => {
  const sockets: Socket[] = [];
  let keys = 0;
  const server = await startServer((context, connection) => {
    if (context.method !== "publickey" || keys++ < rejected) refuseNone(context, connection);
    else for (const socket of sockets) socket.end();
  });
  const port = await startTcp((socket) => {
    sockets.push(socket);
    const onward = connect(server.port, "127.0.0.1").on("error", () => {});
    socket.pipe(onward).pipe(socket, { end: false });
  });
  const identity = ["alice", "bob"].map((name) => makeKey(server.directory, name).file);
  expect(await failure(server.dial({ identity }, port))).toMatchObject({ status });
});
