import { readFileSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { IdentitySource, Passphrase } from "sshrpc/client";
import { expect, it } from "vitest";
import { loadUserCertificate } from "../../../../../../runtime/src/ssh/keys/files/user-certificate.js";
import { string, uint32 } from "../../../../../../runtime/src/ssh/keys/format/binary-writer.js";
import { generateEd25519 } from "../../../../../../runtime/src/ssh/keys/format/generate-ed25519.js";
import { publicKeyLine } from "../../../../../../runtime/src/ssh/keys/format/public-key.js";
import { parseSignature, verifySignature } from "../../../../../../runtime/src/ssh/keys/format/signature.js";
import { createHostKey, loadHostKey } from "../../../../../../runtime/src/ssh/keys/identity/host-key.js";
import { loadIdentity } from "../../../../../../runtime/src/ssh/keys/identity/load-identity.js";
import { Passphrases } from "../../../../../../runtime/src/ssh/keys/identity/passphrase.js";
import { copyKey, readFixture } from "../../../../../fixtures/keys.js";
import { failure, tempDir, write } from "../../support.js";

/** Loads a key and signs with it; resolves with the key type. */
async function use(from: IdentitySource, passphrase?: Passphrase): Promise<string> {
  const identity = await loadIdentity(from, new Passphrases(passphrase));
  const { type } = identity.publicKey;
  const signature = parseSignature(await identity.sign(DATA, type === "ssh-rsa" ? "rsa-sha2-512" : type));
  expect(verifySignature(identity.publicKey, signature, DATA)).toBeDefined();
  return type;
}

const DATA = Buffer.from("what a server wants signed");

it("signs with keys of every format and type, encrypted or not", async () => {
  for (const [type, fixture] of [
    ["ssh-ed25519", "ed25519"],
    ["ssh-rsa", "rsa-2048"],
    ["ecdsa-sha2-nistp256", "ecdsa-256"],
    ["ecdsa-sha2-nistp384", "ecdsa-384"],
    ["ecdsa-sha2-nistp521", "ecdsa-521"],
  ] as const) {
    for (const format of fixture === "ed25519" ? ["RFC4716"] : ["RFC4716", "PEM", "PKCS8"]) {
      expect(await use(copyKey(`${fixture}-${format}`))).toBe(type);
      const locked = copyKey(`${fixture}-${format}-encrypted`);
      expect(await use(locked, "correct horse")).toBe(type);
      expect((await failure(use(locked, "wrong"))).message).toMatch(/is encrypted: wrong passphrase$/);
      // Without its public key beside it, a PEM file is decrypted at once.
      rmSync(`${locked}.pub`);
      expect(await use(locked, async () => "correct horse")).toBe(type);
    }
  }
});

it("signs with an ed25519 key of OpenSSL's format", async () => {
  expect(await use({ privateKey: readFixture("ed25519-openssl") })).toBe("ssh-ed25519");
  expect(await use({ privateKey: readFixture("ed25519-openssl-encrypted") }, "correct horse")).toBe("ssh-ed25519");
});

it("rejects keys of types that SSH or this package does not support", async () => {
  const alien = { privateKey: readFixture("x25519-openssl") };
  expect((await failure(use(alien))).message).toMatch(/is of type x25519, which SSH does not support/);
  expect((await failure(use(copyKey("dsa-1024-1")))).message).toMatch(/ssh-dss/);
});

it("asks for a passphrase at the first signature, three times at most", async () => {
  const file = copyKey("ed25519-RFC4716-encrypted");
  const asked: string[] = [];
  const answers = ["wrong", "wrong again", "correct horse"];
  const passphrases = new Passphrases(async (name) => {
    asked.push(name);
    return answers[asked.length - 1];
  });
  const identity = await loadIdentity(file, passphrases);
  expect([identity.source, identity.locked, asked]).toEqual([file, true, []]);
  await identity.sign(DATA, "ssh-ed25519");
  await (await loadIdentity(file, passphrases)).sign(DATA, "ssh-ed25519");
  expect(asked).toEqual([file, file, file]);
  let count = 0;
  const wrong = () => `wrong ${++count}`;
  expect((await failure(use(file, wrong))).message).toMatch(/is encrypted: wrong passphrase$/);
  expect(count).toBe(3);
  expect((await failure(use(file, () => undefined))).message).toMatch(/is encrypted: wrong passphrase$/);
  expect((await failure(use(file, () => Promise.reject(new Error("no terminal"))))).message).toBe(
    "the option passphrase failed: no terminal",
  );
  expect((await failure(use(file))).message).toMatch(
    /is encrypted: set the option passphrase, or add the key to the agent/,
  );
});

it("names the command that converts an unsupported format", async () => {
  const chacha = copyKey("ed25519-chacha20-encrypted");
  expect((await failure(use(chacha, "correct horse"))).message).toMatch(/ssh-keygen -p -Z aes256-ctr -f FILE/);
  const putty = write(tempDir(), "key.ppk", "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n");
  expect((await failure(use(putty))).message).toMatch(/in PuTTY format.*puttygen FILE -O private-openssh-new/);
});

it("loads the certificate beside a key, and skips a file that is not one", async () => {
  const file = copyKey("user-ed25519", "key");
  const { certificates, publicKey } = await loadIdentity(file, new Passphrases(undefined));
  expect(certificates.map(({ type, key }) => [type, key.fingerprint])).toEqual([
    ["ssh-ed25519-cert-v01@openssh.com", publicKey.fingerprint],
  ]);
  write(dirname(file), "key-cert.pub", "rubbish");
  expect((await loadIdentity(file, new Passphrases(undefined))).certificates).toEqual([]);
  expect((await failure(loadUserCertificate(`${file}-cert.pub`))).message).toMatch(
    /^certificate \S+key-cert.pub: not a certificate$/,
  );
  expect((await failure(loadUserCertificate(`${copyKey("host-ed25519")}-cert.pub`))).message).toMatch(
    /: not a user certificate, but a host certificate$/,
  );
});

it("loads host keys of RSA and ECDSA, and rejects a short one and an encrypted one", async () => {
  for (const [name, type] of [
    ["rsa-2048-1", "rsa"],
    ["ecdsa-521-1", "ecdsa"],
  ] as const) {
    expect((await loadHostKey(copyKey(name))).publicKey.type).toContain(type);
  }
  expect((await failure(loadHostKey(copyKey("rsa-1024-1")))).message).toMatch(
    /has 1024 bits, fewer than 2048; create one with `ssh-keygen -t ed25519 -f FILE`$/,
  );
  const locked = copyKey("ed25519-RFC4716-encrypted", "key");
  expect((await failure(loadHostKey(locked))).message).toMatch(/is encrypted: .*`ssh-keygen -p -f .*key`$/);
  const privateKey = readFileSync(locked);
  expect((await loadHostKey({ privateKey, passphrase: "correct horse" })).publicKey.type).toBe("ssh-ed25519");
  expect((await failure(loadHostKey({ privateKey, passphrase: "no" }))).message).toMatch(/wrong passphrase$/);
});

it("rejects a key with any byte damaged, with a reason", async () => {
  const { privateKey } = generateEd25519();
  const [head = "", ...rest] = privateKey.trim().split("\n");
  const body = Buffer.from(rest.slice(0, -1).join(""), "base64");
  let refused = 0;
  for (let at = 0; at < body.length; at += 7) {
    const damaged = Buffer.from(body);
    damaged[at] = (damaged[at] ?? 0) ^ 0x55;
    const text = [head, damaged.toString("base64"), rest.at(-1)].join("\n");
    const outcome = await use({ privateKey: text }).catch((error: Error) => error.message);
    if (typeof outcome === "string") refused++;
  }
  // The others are in the outer copy of the public key, the comment and the padding, which are not used.
  expect(refused).toBeGreaterThan(20);
});

it("creates a host key once, for the owner alone, with the public key beside it", async () => {
  const file = `${tempDir()}/host`;
  const key = await createHostKey(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(`${file}.pub`, "utf8")).toContain(key.blob.toString("base64"));
  expect((await loadHostKey(file)).publicKey.fingerprint).toBe(key.fingerprint);
  expect((await failure(createHostKey(file))).message).toBe(
    `cannot create host key ${file}: it already exists, and is never overwritten`,
  );
  expect((await failure(createHostKey(`${file}/in/a/file`))).message).toMatch(/^cannot create host key /);
});

it("generates ed25519 keys that can always be parsed again", async () => {
  for (let round = 0; round < 300; round++) {
    const { privateKey, publicKey } = generateEd25519("x".repeat(round % 9));
    const identity = await loadIdentity({ privateKey }, new Passphrases(undefined));
    expect(identity.publicKey.blob.equals(publicKey.blob)).toBe(true);
  }
});

it("requests a private key only for a signature, if its public key is known", async () => {
  const { privateKey, publicKey } = generateEd25519();
  let asked = 0;
  const source = {
    privateKey: async () => {
      asked++;
      return privateKey;
    },
    publicKey: `${publicKeyLine(publicKey)} a comment`,
  };
  await loadIdentity(source, new Passphrases(undefined));
  expect(asked).toBe(0);
  expect(await use(source)).toBe("ssh-ed25519");
  expect(asked).toBe(1);
  expect(await use({ privateKey: source.privateKey })).toBe("ssh-ed25519");
  const other = publicKeyLine(generateEd25519().publicKey);
  expect((await failure(use({ ...source, publicKey: other }))).message).toMatch(/does not match its publicKey$/);
  expect((await failure(use({ ...source, publicKey: "ssh-ed25519 !" }))).message).toMatch(
    /^damaged ssh-ed25519 key: invalid base64/,
  );
  const failing = { ...source, privateKey: () => Promise.reject(new Error("the vault is closed")) };
  expect((await failure(use(failing))).message).toBe("the option identity failed: the vault is closed");
});

it("leaves a security key to an agent, with a problem", async () => {
  const type = "sk-ssh-ed25519@openssh.com";
  const blob = Buffer.concat([string(type), string(Buffer.alloc(32, 7)), string("ssh:")]);
  const head = Buffer.concat([Buffer.from("openssh-key-v1\0"), string("none"), string("none"), string(""), uint32(1)]);
  const body = Buffer.concat([head, string(blob), string(Buffer.alloc(64))]).toString("base64");
  const privateKey = `-----BEGIN OPENSSH PRIVATE KEY-----\n${body}\n-----END OPENSSH PRIVATE KEY-----\n`;
  const identity = await loadIdentity({ privateKey }, new Passphrases(undefined));
  expect([identity.publicKey.type, identity.locked]).toEqual([type, true]);
  expect(identity.problem).toMatch(
    /is a security key, which needs an agent: add it with ssh-add, .*transport: "openssh"\)$/,
  );
  expect((await failure(identity.sign(DATA, type))).message).toBe(identity.problem);
});
