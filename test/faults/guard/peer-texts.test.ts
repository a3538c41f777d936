import { createServer } from "node:net";
import { inspect } from "node:util";
import ssh2 from "ssh2";
import type { DialOptions } from "sshrpc/client";
import { connectSsh } from "sshrpc/client";
import { connectApi } from "sshrpc/generated";
import { RpcError } from "sshrpc/server";
import { describe, expect, onTestFinished, test } from "vitest";
import { RawPeer } from "../../support/raw-peer.js";
import { makeKey, startBench, tempDir } from "../../unit/runtime/ssh/support.js";
import { apiOf, connectRaw, transportTo } from "../../unit/runtime/support/server.js";
import { failure, until, within } from "../../unit/runtime/support/wait.js";

/** Kinds of frames (PROTOCOL.md). */
const FRAME = { OPEN: 2, DRAIN: 9, CLOSE: 10 } as const;

/** Sets a title, clears the screen, starts a new line, reverses text, and is long. */
const HOSTILE = `\u001b]0;owned\u0007\u001b[2J\r\nfake: prompt$ \u009b31m\u202e${"x".repeat(20_000)}`;

/** The part of it that a reason may contain. */
const WORDS = HOSTILE.slice(0, 5000);

/** The private parts of ssh2 that let either side send any text. */
interface Internals {
  readonly _protocol: {
    authInfoReq(name: string, instructions: string, prompts: readonly object[]): void;
    authPasswdChg(prompt: string): void;
    channelOpenFail(remote: number, reason: number, text: string): void;
    readonly _packetRW: {
      readonly write: { readonly allocStart: number; alloc(size: number): Buffer; finalize(packet: Buffer): Buffer };
    };
    readonly _cipher: { encrypt(packet: Buffer): void };
  };
}

function text(value: string): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(Buffer.byteLength(value));
  return Buffer.concat([size, Buffer.from(value)]);
}

/** SSH_MSG_DISCONNECT with the reason PROTOCOL_ERROR and any description (RFC 4253, section 11.1). */
function disconnect({ _protocol }: Internals, words: string): void {
  const payload = Buffer.concat([Buffer.from([1, 0, 0, 0, 2]), text(words), text("")]);
  const { write } = _protocol._packetRW;
  const at = write.allocStart;
  const packet = write.alloc(payload.length);
  payload.copy(packet, at);
  _protocol._cipher.encrypt(write.finalize(packet));
}

type Hostile = ssh2.Connection & Internals;

async function startServer(
  onConnection: (connection: Hostile) => void,
): Promise<{ address: string; options: DialOptions }> {
  const directory = tempDir();
  const [host, alice] = [makeKey(directory, "host"), makeKey(directory, "alice")];
  const server = new ssh2.Server({ hostKeys: [host.privateKey] }, (connection) => {
    connection.on("error", () => {});
    onConnection(connection as Hostile);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const options = {
    identity: alice.file,
    hostKey: host.publicKey.fingerprint,
    sshConfig: false,
    agent: false,
  } as const;
  return { address: `ssh://alice@127.0.0.1:${port}`, options };
}

/** What a console shows of an error, with its causes. */
function expectHarmless(error: unknown): void {
  expect(error).toBeInstanceOf(RpcError);
  const shown = inspect(error, { depth: 20, maxStringLength: null });
  expect(shown).toMatch(/^(?:[^\p{C}\u2028\u2029]|\n)*$/u);
  expect(shown).not.toMatch(/^fake/m);
  expect((error as Error).message.length).toBeLessThan(2500);
}

const refuse = (...methods: string[]) => {
  return (context: ssh2.AuthContext) => context.reject(methods as ssh2.AuthenticationType[]);
};

describe("text of a server is truncated and escaped in the errors of a client", () => {
  const servers: [string, (connection: Hostile) => void, DialOptions?][] = [
    ["that disconnects during authentication", (one) => one.on("authentication", () => disconnect(one, HOSTILE))],
    [
      "that disconnects after authentication",
      (one) => one.on("authentication", (context) => context.accept()).on("session", () => disconnect(one, HOSTILE)),
    ],
    [
      "that opens no channel",
      (one) => {
        const fail = one._protocol.channelOpenFail.bind(one._protocol);
        one._protocol.channelOpenFail = (remote, reason) => fail(remote, reason, HOSTILE);
        one.on("authentication", (context) => context.accept()).on("session", (_, reject) => reject());
      },
    ],
    ["that accepts other methods", (one) => one.on("authentication", refuse(HOSTILE))],
    [
      "that prompts for more than a password",
      (one) => {
        one.on("authentication", (context) => {
          if (context.method !== "keyboard-interactive") return refuse("keyboard-interactive")(context);
          context.prompt([{ prompt: HOSTILE, echo: true }], HOSTILE, HOSTILE, () => context.reject());
        });
      },
      { password: "secret" },
    ],
    [
      "that requests a new password",
      (one) => {
        one.on("authentication", (context) => {
          if (context.method === "password") one._protocol.authPasswdChg(HOSTILE);
          else refuse("password")(context);
        });
      },
      { password: "secret" },
    ],
  ];

  test.each(servers)("from a server %s", async (_, behave, more = {}) => {
    const { address, options } = await startServer(behave);
    expectHarmless(await failure(connectApi(apiOf(), address, { ...options, ...more, reconnect: false })));
  });

  test("from a server that refuses a command, or ends its connection", async () => {
    const { address, options } = await startServer((one) => {
      const fail = one._protocol.channelOpenFail.bind(one._protocol);
      one._protocol.channelOpenFail = (remote, reason) => fail(remote, reason, HOSTILE);
      one.on("authentication", (context) => context.accept());
      one.on("session", (_, reject) => reject()).on("tcpip", () => disconnect(one, HOSTILE));
    });
    const ssh = await connectSsh(address, options);
    onTestFinished(() => ssh.close());
    expectHarmless(await failure(ssh.run("true")));
    expectHarmless(await failure(ssh.connectTcp("localhost", 1)));
  });

  test("from a server of another protocol", async () => {
    const server = createServer((socket) => void socket.on("error", () => {}).end(HOSTILE));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const options = { identity: [], hostKey: `SHA256:${"A".repeat(43)}`, sshConfig: false } as const;
    expectHarmless(
      await failure(connectApi(apiOf(), `ssh://alice@127.0.0.1:${port}`, { ...options, reconnect: false })),
    );
  });

  test.each<[string, (peer: RawPeer) => unknown]>([
    ["an answer of invalid JSON", (peer) => peer.answer(1, 200, HOSTILE)],
    ["CLOSE", (peer) => peer.send({ kind: FRAME.CLOSE, id: 0, body: JSON.stringify({ message: WORDS }) })],
    ["bytes of another protocol", (peer) => peer.bytes(Buffer.from(HOSTILE))],
  ])("from a server that sends %s", async (_, say) => {
    const { client, peer } = await connectRaw();
    const call = failure(client.it.get());
    await until("the call", () => peer.frames.some(({ kind }) => kind === FRAME.OPEN));
    say(peer);
    expectHarmless(await call);
  });

  test.each<[string, (peer: RawPeer) => unknown]>([
    ["DRAIN", (peer) => peer.hello().send({ kind: FRAME.DRAIN, id: 0, body: JSON.stringify({ message: WORDS }) })],
    ["the greeting of a login shell and an end", (peer) => peer.bytes(Buffer.from(HOSTILE, "latin1")).duplex.end()],
    ["a greeting without end", (peer) => peer.bytes(Buffer.from(HOSTILE.repeat(4), "latin1"))],
  ])("from a server that sends %s in place of frames", async (_, say) => {
    const transport = transportTo((far) => void say(new RawPeer(far)));
    expectHarmless(await failure(connectApi(apiOf(), transport, { reconnect: false })));
  });

  test("except the message of a status, which is unchanged", async () => {
    const { client, peer } = await connectRaw();
    const call = failure<RpcError>(client.it.get());
    await until("the call", () => peer.frames.some(({ kind }) => kind === FRAME.OPEN));
    peer.answer(1, 409, JSON.stringify({ message: HOSTILE }));
    expect((await call).message).toBe(HOSTILE);
  });
});

test("the description of a client's DISCONNECT is truncated and escaped in the log of a server", async () => {
  const bench = await startBench();
  const client = new ssh2.Client();
  client.on("error", () => {});
  client.on("ready", () => disconnect(client as ssh2.Client & Internals, HOSTILE));
  client.connect({
    ...{ host: "127.0.0.1", port: bench.listener.port, username: HOSTILE.slice(0, 500) },
    privateKey: bench.alice.privateKey,
  });
  onTestFinished(() => void client.end());
  await until("its end", () => bench.log.with("SSH connection closed").length > 0);
  for (const { message, fields } of bench.log.lines) {
    for (const value of [message, ...Object.values(fields)].filter((value) => typeof value === "string")) {
      expect(value).toMatch(/^[^\p{C}]{0,2500}$/u);
    }
  }
});

describe("a server that prompts without end", () => {
  const question = [{ prompt: "More? ", echo: true }];
  test.each<[string, readonly ssh2.Prompt[], string, DialOptions]>([
    ["a client that has no answer", question, "", { password: "secret" }],
    ["a client that answers", question, "", { prompts: () => ["yes"] }],
    ["a client that gives up", question, "", { prompts: () => undefined }],
    ["nothing but a text", [], "Please wait", { prompts: () => [] }],
    ["nothing at all", [], "", { prompts: () => [] }],
  ])("with %s loses the client after twenty rounds, with one line of error", async (_, prompts, words, more) => {
    let rounds = 0;
    let ended: () => void = () => {};
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const { address, options } = await startServer((one) => {
      one.once("close", () => ended());
      one.on("authentication", (context) => {
        if (context.method !== "keyboard-interactive") return refuse("keyboard-interactive")(context);
        const again = (): void => {
          rounds++;
          context.prompt([...prompts], words, words, again);
        };
        again();
      });
    });
    const error = await failure<RpcError>(connectApi(apiOf(), address, { ...options, ...more, reconnect: false }));
    expect(error).toBeInstanceOf(RpcError);
    expect(error).toMatchObject({
      status: "UNAUTHENTICATED",
      message: expect.stringMatching(/sent more than 20 keyboard-interactive requests; the client disconnected/),
    });
    expect(error.message.length).toBeLessThan(500);
    await within("the disconnection", end);
    expect(rounds).toBeGreaterThanOrEqual(20);
    expect(rounds).toBeLessThan(25);
  });
});
