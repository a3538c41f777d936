import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { expect, it } from "vitest";
import { generateEd25519 } from "../../../../../runtime/src/ssh/keys/generate-ed25519.js";
import { createHostKey, loadHostKey } from "../../../../../runtime/src/ssh/keys/host-key.js";
import { loadIdentity } from "../../../../../runtime/src/ssh/keys/identity.js";
import { itWith } from "../../../../interop/stock.js";
import { failure, tempDir, write } from "../support.js";

function keygen(...args: string[]): string {
  const file = `${tempDir()}/key`;
  spawnSync("ssh-keygen", ["-q", "-f", file, ...args]);
  return file;
}

itWith(["ssh-keygen"], "opens an encrypted key with its passphrase, from a text or a question", async () => {
  const file = keygen("-t", "ed25519", "-N", "correct horse");
  expect((await loadIdentity(file, "correct horse")).key.type).toBe("ssh-ed25519");
  const asked: string[] = [];
  const ask = async (name: string) => {
    asked.push(name);
    return "correct horse";
  };
  expect((await loadIdentity(file, ask)).source).toBe(file);
  expect(asked).toEqual([file]);
  expect((await failure(loadIdentity(file, "wrong"))).message).toMatch(/the passphrase does not open it$/);
  expect((await failure(loadIdentity(file))).message).toMatch(
    /is encrypted: give its passphrase, or load it into the agent/,
  );
});

itWith(["ssh-keygen"], "says how to convert what it cannot read", async () => {
  const rsa = keygen("-t", "rsa", "-b", "2048", "-N", "", "-m", "PKCS8");
  expect((await failure(loadIdentity(rsa))).message).toMatch(/a PKCS#8 file.*convert it with `ssh-keygen -p -f FILE`/);
  const chacha = keygen("-t", "ed25519", "-N", "secret", "-Z", "chacha20-poly1305@openssh.com");
  expect((await failure(loadIdentity(chacha, "secret"))).message).toMatch(/ssh-keygen -p -Z aes256-ctr -f FILE/);
  const putty = write(tempDir(), "key.ppk", "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n");
  expect((await failure(loadIdentity(putty))).message).toMatch(/a PuTTY file.*puttygen FILE -O private-openssh-new/);
});

itWith(["ssh-keygen"], "refuses a host key that is not ed25519, or is encrypted", async () => {
  const rsa = keygen("-t", "rsa", "-b", "2048", "-N", "");
  expect((await failure(loadHostKey(rsa))).message).toMatch(/is of type ssh-rsa; a host key must be ed25519/);
  const locked = keygen("-t", "ed25519", "-N", "secret");
  expect((await failure(loadHostKey(locked))).message).toMatch(/is encrypted: .*`ssh-keygen -p -f .*key`$/);
  const privateKey = readFileSync(locked);
  expect((await loadHostKey({ privateKey, passphrase: "secret" })).publicKey.type).toBe("ssh-ed25519");
  expect((await failure(loadHostKey({ privateKey, passphrase: "no" }))).message).toMatch(/does not open it/);
});

it("refuses every damaged key with a reason, whatever bit is wrong", async () => {
  const { privateKey } = generateEd25519();
  const [head = "", ...rest] = privateKey.trim().split("\n");
  const body = Buffer.from(rest.slice(0, -1).join(""), "base64");
  let refused = 0;
  for (let at = 0; at < body.length; at += 7) {
    const damaged = Buffer.from(body);
    damaged[at] = (damaged[at] ?? 0) ^ 0x55;
    const text = [head, damaged.toString("base64"), rest.at(-1)].join("\n");
    const outcome = await loadIdentity({ privateKey: text }).catch((error: Error) => error.message);
    if (typeof outcome === "string") refused++;
  }
  // What is left are the outer copy of the public key, the comment and the padding, which nobody relies on.
  expect(refused).toBeGreaterThan(20);
});

it("creates a host key once, for its owner alone, with the public half beside it", async () => {
  const file = `${tempDir()}/host`;
  const key = await createHostKey(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(`${file}.pub`, "utf8")).toContain(key.blob.toString("base64"));
  expect((await loadHostKey(file)).publicKey.fingerprint).toBe(key.fingerprint);
  expect((await failure(createHostKey(file))).message).toBe(
    `cannot create host key ${file}: it exists already, and is never overwritten`,
  );
  expect((await failure(createHostKey(`${file}/in/a/file`))).message).toMatch(/^cannot create host key /);
});

it("makes ed25519 keys that can always be read again", async () => {
  for (let round = 0; round < 300; round++) {
    const { privateKey, publicKey } = generateEd25519("x".repeat(round % 9));
    const { key } = await loadIdentity({ privateKey });
    expect(key.getPublicSSH().equals(publicKey.blob)).toBe(true);
  }
});

it("reads the older formats of RSA and ECDSA", async () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs1", format: "pem" });
  expect((await loadIdentity({ privateKey: rsa })).key.type).toBe("ssh-rsa");
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "sec1", format: "pem" });
  expect((await loadIdentity({ privateKey: ec })).key.type).toBe("ecdsa-sha2-nistp256");
});
