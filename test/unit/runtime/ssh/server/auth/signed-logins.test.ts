import { writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { publicKeyLine } from "../../../../../../runtime/src/ssh/keys/format/public-key.js";
import type { ListenOptions } from "../../../../../../runtime/src/ssh/server/listen-options.js";
import { type CertificateFields, KEY_TYPES, makeCertificate, makeSigner, type Signer } from "../../keys/make-keys.js";
import { type Bench, startBench, tempDir, write } from "../../support.js";
import { boolean, RawLogin, string } from "./raw-login.js";

const DEVICES = KEY_TYPES.filter((type) => type.startsWith("sk-"));

/** How a client goes about a login; what is left out is right. */
interface Attempt {
  readonly blob?: Buffer;
  /** The name in the request. */
  readonly algorithm?: string;
  /** The name in the signature. */
  readonly signature?: string;
  readonly flags?: number;
}

/** Logs in with a key, or with its certificate, as a client does. */
function attempt(login: RawLogin, key: Signer, { blob = key.publicKey.blob, flags, ...names }: Attempt = {}) {
  const signature = names.signature ?? (key.publicKey.type === "ssh-rsa" ? "rsa-sha2-256" : key.publicKey.type);
  const fields = [boolean(true), string(names.algorithm ?? signature), string(blob)];
  const payload = login.payload("publickey", ...fields);
  const signed = Buffer.concat([string(login.sessionId), payload]);
  const bytes = key.sign(signed, { algorithm: signature, ...(flags === undefined ? {} : { flags }) });
  return login.try("publickey", ...fields, string(bytes));
}

const listing = (key: Signer, options = ""): Partial<ListenOptions> => ({
  authorizedKeys: { lines: [`${options}${publicKeyLine(key.publicKey)} it`] },
});

const reason = ({ log }: Bench) => log.with("authentication refused").at(-1)?.fields["reason"];

it.each(KEY_TYPES)("lets a key of %s in", async (type) => {
  const key = makeSigner(type);
  const bench = await startBench(listing(key));
  expect(await attempt(await RawLogin.open(bench), key), String(reason(bench))).toEqual({ said: "success" });
  const [line] = bench.log.with("authenticated");
  expect(line?.fields).toMatchObject({ fingerprint: key.publicKey.fingerprint, keyName: "it" });
});

it.each(KEY_TYPES)("lets a certificate for a key of %s in, and no other key with it", async (type) => {
  const [key, other, authority] = [makeSigner(type), makeSigner(type), makeSigner("ssh-ed25519")];
  const bench = await startBench(listing(authority, "cert-authority "));
  const blob = makeCertificate(key, authority);
  const plain = type === "ssh-rsa" ? "rsa-sha2-512" : type;
  const algorithm = `${plain.replace("@openssh.com", "")}-cert-v01@openssh.com`;
  const login = await RawLogin.open(bench);
  expect(await attempt(login, other, { blob, algorithm, signature: plain })).toMatchObject({ said: "failure" });
  expect(reason(bench)).toBe("the signature is wrong");
  expect(await login.try("publickey", boolean(false), string(algorithm), string(blob))).toEqual({ said: "would do" });
  expect(await attempt(login, key, { blob, algorithm, signature: plain }), String(reason(bench))).toEqual({
    said: "success",
  });
  const [line] = bench.log.with("authenticated");
  expect(line?.fields).toMatchObject({ keyId: "key id", serial: "1", fingerprint: key.publicKey.fingerprint });
});

it.each(DEVICES)("asks for a touch of a key of %s, unless its line does not", async (type) => {
  const key = makeSigner(type);
  const strict = await startBench(listing(key));
  expect(await attempt(await RawLogin.open(strict), key, { flags: 0 })).toMatchObject({ said: "failure" });
  expect(reason(strict)).toBe("nobody has touched the security key");
  const free = await startBench(listing(key, "no-touch-required "));
  expect(await attempt(await RawLogin.open(free), key, { flags: 0 })).toEqual({ said: "success" });
});

it.each(DEVICES)("asks for a PIN of a key of %s, where its line does", async (type) => {
  const key = makeSigner(type);
  const bench = await startBench(listing(key, "verify-required "));
  const login = await RawLogin.open(bench);
  expect(await attempt(login, key)).toMatchObject({ said: "failure" });
  expect(reason(bench)).toBe("the security key has asked its user for no PIN or finger");
  expect(await attempt(login, key, { flags: 5 })).toEqual({ said: "success" });
});

it("asks for a PIN where a certificate for a security key does", async () => {
  const [key, authority] = [makeSigner("sk-ssh-ed25519@openssh.com"), makeSigner("ecdsa-sha2-nistp256")];
  const bench = await startBench(listing(authority, "cert-authority "));
  const blob = makeCertificate(key, authority, { criticalOptions: [["verify-required", Buffer.alloc(0)]] });
  const names = { blob, algorithm: "sk-ssh-ed25519-cert-v01@openssh.com" };
  const login = await RawLogin.open(bench);
  expect(await attempt(login, key, names)).toMatchObject({ said: "failure" });
  expect(await attempt(login, key, { ...names, flags: 5 })).toEqual({ said: "success" });
});

it.each([
  ["an RSA key with SHA-1", { algorithm: "ssh-rsa", signature: "ssh-rsa" }, /SHA-1/],
  [
    "an RSA key that signs with another hash than it says",
    { algorithm: "rsa-sha2-512", signature: "rsa-sha2-256" },
    "the signature is wrong",
  ],
  [
    "an RSA key by the name of another type",
    { algorithm: "ssh-ed25519", signature: "rsa-sha2-256" },
    "the algorithm ssh-ed25519 does not fit the key",
  ],
  [
    "an RSA key by a name of nobody",
    { algorithm: "__proto__", signature: "rsa-sha2-256" },
    "the algorithm __proto__ does not fit the key",
  ],
] as [string, Attempt, string | RegExp][])("refuses %s", async (_, names, why) => {
  const key = makeSigner("ssh-rsa");
  const bench = await startBench(listing(key));
  expect(await attempt(await RawLogin.open(bench), key, names)).toMatchObject({ said: "failure" });
  expect(reason(bench)).toEqual(typeof why === "string" ? why : expect.stringMatching(why));
});

it.each([
  ["with SHA-1", {}, { algorithm: "ssh-rsa-cert-v01@openssh.com", signature: "ssh-rsa" }, /SHA-1/],
  [
    "with SHA-1 under another name",
    {},
    { algorithm: "rsa-sha2-256-cert-v01@openssh.com", signature: "ssh-rsa" },
    /the signature is wrong/,
  ],
  [
    "by the name of a plain key",
    {},
    { algorithm: "rsa-sha2-256", signature: "rsa-sha2-256" },
    /the key is damaged|does not fit/,
  ],
  [
    "with another hash than it says",
    {},
    { algorithm: "rsa-sha2-512-cert-v01@openssh.com", signature: "rsa-sha2-256" },
    /the signature is wrong/,
  ],
  ["for a host", { role: 2 }, {}, /it is a host certificate/],
  ["by an authority of RSA with SHA-1", { algorithm: "ssh-rsa" }, {}, /its authority has not signed it/],
] as [string, CertificateFields, Attempt, RegExp][])(
  "refuses a certificate for RSA %s",
  async (_, fields, names, why) => {
    const [key, authority] = [makeSigner("ssh-rsa"), makeSigner("ssh-rsa")];
    const bench = await startBench(listing(authority, "cert-authority "));
    const blob = makeCertificate(key, authority, fields);
    const good = { algorithm: "rsa-sha2-256-cert-v01@openssh.com", signature: "rsa-sha2-256" };
    const login = await RawLogin.open(bench);
    expect(await attempt(login, key, { blob, ...good, ...names })).toMatchObject({ said: "failure" });
    expect(reason(bench)).toMatch(why);
  },
);

it("does not take a certificate's nonce for a key that is listed", async () => {
  const [alice, mallory, authority] = [1, 2, 3].map(() => makeSigner("ssh-ed25519")) as [Signer, Signer, Signer];
  const bench = await startBench(listing(alice));
  const login = await RawLogin.open(bench);
  // As ssh2 reads it, the nonce is the key.
  for (const nonce of [alice.fields.subarray(4), alice.fields, alice.publicKey.blob]) {
    const blob = makeCertificate(mallory, authority, { nonce });
    const names = { blob, algorithm: "ssh-ed25519-cert-v01@openssh.com", signature: "ssh-ed25519" };
    expect(await attempt(login, mallory, names)).toMatchObject({ said: "failure" });
    expect(reason(bench)).toBe("the certificate is refused: its authority is not listed");
  }
});

it("lets nobody in by an authority's own key, nor by a certificate of one who has a mere key", async () => {
  const [user, authority] = [makeSigner("ssh-ed25519"), makeSigner("ssh-ed25519")];
  const bench = await startBench({
    authorizedKeys: { lines: [`cert-authority ${publicKeyLine(authority.publicKey)}`, publicKeyLine(user.publicKey)] },
  });
  const login = await RawLogin.open(bench);
  expect(await attempt(login, authority)).toMatchObject({ said: "failure" });
  const other = makeSigner("ssh-ed25519");
  const blob = makeCertificate(other, user);
  const names = { blob, algorithm: "ssh-ed25519-cert-v01@openssh.com", signature: "ssh-ed25519" };
  expect(await attempt(login, other, names)).toMatchObject({ said: "failure" });
  expect(await attempt(login, user)).toEqual({ said: "success" });
});

it("refuses a listed key that is revoked, and cuts off who has logged in with it", async () => {
  const key = makeSigner("ssh-ed25519");
  const revokedKeys = write(tempDir(), "revoked", "");
  const bench = await startBench({ ...listing(key), revokedKeys });
  const login = await RawLogin.open(bench);
  expect(await attempt(login, key)).toEqual({ said: "success" });
  writeFileSync(revokedKeys, `${publicKeyLine(key.publicKey)} lost\n`);
  expect(await login.next()).toEqual({ said: "closed" });
  expect(bench.log.with("access withdrawn")[0]?.fields["reason"]).toBe("the key is revoked");
  expect(await attempt(await RawLogin.open(bench), key)).toMatchObject({ said: "failure" });
  expect(reason(bench)).toBe("the key is revoked");
});

it("asks a function about authorities, and cuts a connection off whose certificate has expired", async () => {
  const [key, authority] = [makeSigner("ssh-ed25519"), makeSigner("ssh-ed25519")];
  const bench = await startBench({
    certificateAuthorities: ({ key: by }) =>
      by.fingerprint === authority.publicKey.fingerprint ? [{ scopes: ["*"], principals: ["ops"] }] : [],
  });
  const validBefore = BigInt(Math.floor(Date.now() / 1000) + 4);
  const blob = makeCertificate(key, authority, { principals: ["ops"], validBefore });
  const names = { blob, algorithm: "ssh-ed25519-cert-v01@openssh.com", signature: "ssh-ed25519" };
  const login = await RawLogin.open(bench);
  expect(await attempt(login, key, names)).toEqual({ said: "success" });
  expect(await login.next()).toEqual({ said: "closed" });
  expect(bench.log.with("access withdrawn")[0]?.fields["reason"]).toMatch(/it has expired on/);
});
