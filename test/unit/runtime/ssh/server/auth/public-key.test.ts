import { randomBytes } from "node:crypto";
import ssh2, { type AuthHandlerMiddleware, type ParsedKey, type PublicKeyAuthContext } from "ssh2";
import type { KeyLookup } from "sshrpc/server";
import { expect, it, onTestFinished } from "vitest";
import { generateEd25519 } from "../../../../../../runtime/src/ssh/keys/format/generate-ed25519.js";
import { decidePublicKey } from "../../../../../../runtime/src/ssh/server/auth/public-key.js";
import { takeSigningKey } from "../../../../../fixtures/keys.js";
import { type Bench, failure, startBench, write } from "../../support.js";

const pair = generateEd25519();
const key = ssh2.utils.parseKey(pair.privateKey) as ParsedKey;
const listed = () => ({ keyName: "alice", scopes: ["*"] });
const session = randomBytes(64);

function context(change: Record<string, unknown> = {}): PublicKeyAuthContext {
  const { blob } = pair.publicKey;
  const base = { username: "alice", key: { algo: "ssh-ed25519", data: blob }, hashAlgo: undefined };
  return { ...base, blob: session, signature: key.sign(session), ...change } as unknown as PublicKeyAuthContext;
}

const decide = (change: Record<string, unknown>, lookup: KeyLookup = listed) =>
  decidePublicKey(
    context(change),
    { keys: { lookup, authorities: () => [] } },
    { user: "alice", address: "192.0.2.7:50122" },
  );

it("authenticates a peer by its signature, and only offers without one", async () => {
  expect(await decide({})).toMatchObject({
    outcome: "verified",
    verified: {
      method: "publickey",
      fingerprint: pair.publicKey.fingerprint,
      grant: { keyName: "alice", scopes: ["*"] },
    },
  });
  expect(await decide({ signature: undefined, blob: undefined })).toEqual({ outcome: "key-acceptable" });
});

it.each([
  ["a signature of other data", { signature: key.sign(randomBytes(64)) }, "invalid signature"],
  ["an empty signature", { signature: Buffer.alloc(0) }, "invalid signature"],
  ["a signature without the signed data", { blob: undefined }, "invalid signature"],
  ["a missing key", { key: { algo: "ssh-ed25519", data: undefined } }, "malformed key"],
  [
    "trailing bytes after the key",
    { key: { algo: "ssh-ed25519", data: Buffer.concat([pair.publicKey.blob, Buffer.from([0])]) } },
    "malformed key",
  ],
  [
    "the algorithm of another key type",
    { key: { algo: "ecdsa-sha2-nistp256", data: pair.publicKey.blob } },
    "the algorithm ecdsa-sha2-nistp256 does not match the type of the key",
  ],
  [
    "an RSA algorithm with an ed25519 key",
    { key: { algo: "ssh-rsa", data: pair.publicKey.blob } },
    "RSA signatures with SHA-1 are not accepted; use rsa-sha2-256 or rsa-sha2-512",
  ],
  [
    "a plain key with a certificate algorithm",
    { key: { algo: "ssh-ed25519-cert-v01@openssh.com", data: pair.publicKey.blob } },
    "damaged certificate: unknown certificate type: ssh-ed25519",
  ],
])("denies %s", async (_, change, reason) => {
  expect(await decide(change)).toMatchObject({ outcome: "denied", deny: reason });
});

it("denies a listed key with an invalid point, for which verification throws", async () => {
  const field = (value: string | Buffer) => {
    const bytes = Buffer.from(value);
    return Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  };
  const point = Buffer.alloc(65, 4);
  const data = Buffer.concat([field("ecdsa-sha2-nistp256"), field("nistp256"), field(point)]);
  const change = { key: { algo: "ecdsa-sha2-nistp256", data } };
  expect(await decide(change)).toMatchObject({ outcome: "denied", deny: "invalid signature" });
});

it("denies a key that is not listed, and one whose lookup fails", async () => {
  expect(await decide({}, () => undefined)).toMatchObject({ outcome: "denied", deny: "the key is not listed" });
  const broken = () => {
    throw new Error("no\ndatabase");
  };
  expect(await decide({}, broken)).toMatchObject({
    outcome: "denied",
    deny: "key lookup failed: no\\u{a}database",
    lookupFailed: true,
  });
  expect(await decide({}, () => true as never)).toMatchObject({
    outcome: "denied",
    deny: "key lookup failed: the answer: invalid type boolean; it takes a grant or a refusal",
  });
});

it("accepts RSA signatures with SHA-2, and none with SHA-1", async () => {
  const privateKey = takeSigningKey("rsa-2048");
  const rsa = ssh2.utils.parseKey(privateKey.export({ type: "pkcs1", format: "pem" })) as ParsedKey;
  const of = (hashAlgo: string | undefined) => ({
    key: { algo: "ssh-rsa", data: rsa.getPublicSSH() },
    hashAlgo,
    signature: rsa.sign(session, hashAlgo),
  });
  expect(await decide(of("sha256"))).toMatchObject({ outcome: "verified" });
  expect(await decide(of("sha512"))).toMatchObject({ outcome: "verified" });
  expect(await decide(of(undefined))).toMatchObject({ outcome: "denied", deny: expect.stringMatching(/SHA-1/) });
});

it("verifies copies, so that reused memory during the lookup changes nothing", async () => {
  const data = Buffer.from(pair.publicKey.blob);
  const signature = Buffer.from(key.sign(session) as Buffer);
  const lookup: KeyLookup = async () => {
    data.fill(0);
    signature.fill(0);
    return listed();
  };
  expect(await decide({ key: { algo: "ssh-ed25519", data }, signature }, lookup)).toMatchObject({
    outcome: "verified",
  });
});

it("accepts the login of an RSA key", async () => {
  const privateKey = takeSigningKey("rsa-2048");
  const pem = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  const blob = (ssh2.utils.parseKey(pem) as ParsedKey).getPublicSSH();
  const bench = await startBench({ authorizedKeys: { lines: [`ssh-rsa ${blob.toString("base64")} rsa`] } });
  await bench.dial({ identity: write(bench.directory, "rsa", pem) });
  expect(bench.accepted[0]?.peer.keyName).toBe("rsa");
});

it("denies a listed key with the signature of another key", async () => {
  const bench = await startBench();
  const mallory = ssh2.utils.parseKey(generateEd25519().privateKey) as ParsedKey;
  const error = await failure(logIn(bench, (data) => mallory.sign(data)));
  expect(error.message).toBe("All configured authentication methods failed");
  expect(bench.log.with("authentication refused").at(-1)?.fields).toMatchObject({ reason: "invalid signature" });
});

it("opens no channel for a client that has offered a listed key without a signature", async () => {
  const bench = await startBench();
  const opened = new Promise<string>((resolve) => {
    void logIn(bench, (_, client) => {
      client.subsys("sshrpc", (error) => resolve(error?.message ?? "opened"));
      return new Error("signs nothing") as unknown as Buffer;
    }).catch(() => {});
  });
  expect(await opened).not.toBe("opened");
  expect(bench.accepted).toEqual([]);
  expect(bench.log.with("authenticated")).toEqual([]);
});

it("counts methods that are not offered as failed attempts", async () => {
  const bench = await startBench({ maxAuthTries: 2 });
  const client = new ssh2.Client();
  const closed = new Promise<void>((resolve) => client.on("error", () => {}).once("close", () => resolve()));
  client.connect({
    host: "127.0.0.1",
    port: bench.listener.port,
    username: "alice",
    password: "guess",
    tryKeyboard: true,
    hostVerifier: () => true,
    authHandler: ["password", "keyboard-interactive", "password"],
  });
  await closed;
  expect(bench.log.with("authentication refused").map(({ fields }) => fields["reason"])).toEqual([
    "the method password is not offered",
    "the method keyboard-interactive is not offered",
  ]);
});

/** Offers alice's public key, and signs with `sign`. */
function logIn(bench: Bench, sign: (data: Buffer, client: ssh2.Client) => Buffer): Promise<void> {
  const client = new ssh2.Client();
  onTestFinished(() => void client.destroy());
  const forged = ssh2.utils.parseKey(bench.alice.privateKey) as ParsedKey;
  forged.sign = (data) => sign(data as Buffer, client);
  let offered = false;
  const authHandler = () => {
    if (offered) return false;
    offered = true;
    return { type: "publickey", username: "alice", key: forged };
  };
  return new Promise((resolve, reject) => {
    client.on("ready", resolve).on("error", reject);
    client.connect({
      host: "127.0.0.1",
      port: bench.listener.port,
      username: "alice",
      hostVerifier: () => true,
      authHandler: authHandler as unknown as AuthHandlerMiddleware,
    });
  });
}
