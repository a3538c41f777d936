import { readFileSync } from "node:fs";
import ssh2 from "ssh2";
import { expect, onTestFinished, test } from "vitest";
import { sshTransport } from "../../../../../../runtime/src/compose/ssh-transport.js";
import { string, uint32 } from "../../../../../../runtime/src/ssh/keys/format/binary-writer.js";
import { makeSignature } from "../../../../../../runtime/src/ssh/keys/format/make-signature.js";
import { parsePrivateKey } from "../../../../../../runtime/src/ssh/keys/identity/private-key.js";
import { until, within } from "../../../support/wait.js";
import { makeKey, type TestKey, tempDir, write } from "../../support.js";

/** The private parts of ssh2's server. */
interface Internals {
  readonly _protocol: {
    readonly _handlers: Record<string, unknown>;
    readonly _kex: { readonly sessionID: Buffer };
    readonly _packetRW: {
      readonly write: { readonly allocStart: number; alloc(size: number): Buffer; finalize(packet: Buffer): Buffer };
    };
    readonly _cipher: { encrypt(packet: Buffer): void };
    requestSuccess(data: Buffer): void;
    requestFailure(): void;
  };
}

/** The reply to the request to prove `other`; undefined refuses it. */
type Proof = (sessionId: Buffer, other: TestKey, host: TestKey) => Buffer | undefined;

const sign = (key: TestKey, sessionId: Buffer, blob: Buffer) => {
  const parsed = parsePrivateKey(key.privateKey, "key") as { readonly key: ssh2.ParsedKey };
  const data = Buffer.concat([string("hostkeys-prove-00@openssh.com"), string(sessionId), string(blob)]);
  return makeSignature(parsed.key, "ssh-ed25519", data);
};

/** The lines of known_hosts after a connection to a server that announces another key, and proves it like this. */
async function linesAfter(
  prove: Proof,
  options: { readonly hostKey?: string; readonly announcements?: number } = {},
): Promise<readonly string[]> {
  const directory = tempDir();
  const [host, other, alice] = ["host", "other", "alice"].map((name) => makeKey(directory, name)) as [
    TestKey,
    TestKey,
    TestKey,
  ];
  const server = new ssh2.Server({ hostKeys: [host.privateKey] }, (connection) => {
    const { _protocol: protocol } = connection as unknown as Internals;
    connection.on("error", () => {}).on("authentication", (context) => context.accept());
    connection.on("session", (accept) =>
      accept().on("subsystem", (take) => {
        const channel = take();
        channel.pipe(channel);
      }),
    );
    connection.on("ready", () => {
      const blobs = [host, other].map(({ publicKey }) => string(publicKey.blob));
      const payload = Buffer.concat([Buffer.of(80), string("hostkeys-00@openssh.com"), Buffer.of(0), ...blobs]);
      const { write: writer } = protocol._packetRW;
      for (let count = 0; count < (options.announcements ?? 1); count++) {
        const packet = writer.alloc(payload.length);
        payload.copy(packet, writer.allocStart);
        protocol._cipher.encrypt(writer.finalize(packet));
      }
    });
    protocol._handlers["GLOBAL_REQUEST"] = (_: unknown, name: string, _wants: boolean, data: Buffer) => {
      if (name !== "hostkeys-prove-00@openssh.com") return;
      // Only the key that the client does not know.
      expect(data.equals(string(other.publicKey.blob))).toBe(true);
      const reply = prove(protocol._kex.sessionID, other, host);
      if (reply === undefined) protocol.requestFailure();
      else protocol.requestSuccess(reply);
    };
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { readonly port: number };
  const knownHosts = write(directory, "known_hosts", `[127.0.0.1]:${port} ${host.line}\n`);
  const lines: string[] = [];
  const transport = sshTransport(`ssh://alice@127.0.0.1:${port}`, {
    ...{ identity: alice.file, agent: false, sshConfig: false, knownHosts, updateHostKeys: true },
    debug: (line) => void lines.push(line),
    ...(options.hostKey !== undefined && { hostKey: host.publicKey.fingerprint }),
  });
  const duplex = await transport.open();
  onTestFinished(() => void duplex.on("error", () => {}).destroy());
  // The announcement comes before the echo.
  const echo = new Promise((resolve) => duplex.once("data", resolve));
  duplex.write("hello");
  await within("the echo", echo);
  if (options.hostKey === undefined)
    await until("the result", () => lines.some((line) => / added to known_hosts: /.test(line)));
  return readFileSync(knownHosts, "utf8")
    .trim()
    .split("\n")
    .map((line) => (line.endsWith(other.line) ? "other" : line.endsWith(host.line) ? "host" : line));
}

const learned = (id: Buffer, other: TestKey) => string(sign(other, id, other.publicKey.blob));

test("a client adds the key that the server has proven", async () => {
  expect(await linesAfter(learned)).toEqual(["host", "other"]);
});

test.each<[string, Proof]>([
  ["refuses the proof", () => undefined],
  ["sends no signature", () => Buffer.alloc(0)],
  ["sends a truncated signature", (id, other) => learned(id, other).subarray(0, -1)],
  ["signs with its known key", (id, other, host) => string(sign(host, id, other.publicKey.blob))],
  ["signs another session", (_, other) => string(sign(other, Buffer.alloc(32), other.publicKey.blob))],
  ["signs its known key", (id, other, host) => string(sign(other, id, host.publicKey.blob))],
  ["sends one signature too many", (id, other) => Buffer.concat([learned(id, other), learned(id, other)])],
  ["announces more than it sends", () => uint32(1000)],
])("a client learns nothing of a server that %s", async (_, prove) => {
  expect(await linesAfter(prove)).toEqual(["host"]);
});

test("a client asks for the proof of the first announcement only", async () => {
  let asked = 0;
  const prove: Proof = (...args) => {
    asked++;
    return learned(args[0], args[1]);
  };
  expect(await linesAfter(prove, { announcements: 3 })).toEqual(["host", "other"]);
  expect(asked).toBe(1);
});

test("a client that checks a fingerprint does not ask for proof", async () => {
  const asked: boolean[] = [];
  const prove: Proof = () => {
    asked.push(true);
    return undefined;
  };
  expect(await linesAfter(prove, { hostKey: "pinned" })).toEqual(["host"]);
  expect(asked).toEqual([]);
});
