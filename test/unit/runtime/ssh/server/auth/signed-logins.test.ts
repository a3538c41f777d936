import { writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { type CertificateFields, KEY_TYPES, makeCertificate, makeSigner, type Signer } from "../../keys/make-keys.js";
import { type Bench, type BenchOptions, startBench, tempDir, write } from "../../support.js";
import { boolean, RawLogin, string } from "./raw-login.js";

const DEVICES = KEY_TYPES.filter((type) => type.startsWith("sk-"));

/** What a client sends; absent fields have their correct values. */
interface Attempt {
  readonly blob?: Buffer;
  /** The name in the request. */
  readonly algorithm?: string;
  /** The name in the signature. */
  readonly signature?: string;
  readonly flags?: number;
}

/** Logs in with a key, or with its certificate. */
function attempt(login: RawLogin, key: Signer, { blob = key.publicKey.blob, flags, ...names }: Attempt = {}) {
  const signature = names.signature ?? (key.publicKey.type === "ssh-rsa" ? "rsa-sha2-256" : key.publicKey.type);
  const fields = [boolean(true), string(names.algorithm ?? signature), string(blob)];
  const payload = login.payload("publickey", ...fields);
  const signed = Buffer.concat([string(login.sessionId), payload]);
  const bytes = key.sign(signed, { algorithm: signature, ...(flags === undefined ? {} : { flags }) });
  return login.try("publickey", ...fields, string(bytes));
}

const listing = (key: Signer, options = ""): BenchOptions => ({
  authorizedKeys: { lines: [`${options}${key.line} it`] },
});

const reason = ({ log }: Bench) => log.with("authentication refused").at(-1)?.fields["reason"];

it.each(KEY_TYPES)("accepts a key of type %s", async (type) => {
  const key = makeSigner(type);
  const bench = await startBench(listing(key));
  expect(await attempt(await RawLogin.open(bench), key), String(reason(bench))).toEqual({ answer: "success" });
  const [line] = bench.log.with("authenticated");
  expect(line?.fields).toMatchObject({ fingerprint: key.publicKey.fingerprint, keyName: "it" });
});

it.each(KEY_TYPES)("accepts a certificate for a key of type %s, and denies another key with it", async (type) => {
  const [key, other, authority] = [makeSigner(type), makeSigner(type), makeSigner("ssh-ed25519")];
  const bench = await startBench(listing(authority, "cert-authority "));
  const blob = makeCertificate(key, authority);
  const plain = type === "ssh-rsa" ? "rsa-sha2-512" : type;
  const algorithm = `${plain.replace("@openssh.com", "")}-cert-v01@openssh.com`;
  const login = await RawLogin.open(bench);
  expect(await attempt(login, other, { blob, algorithm, signature: plain })).toMatchObject({ answer: "failure" });
  expect(reason(bench)).toBe("invalid signature");
  expect(await login.try("publickey", boolean(false), string(algorithm), string(blob))).toEqual({
    answer: "key-acceptable",
  });
  expect(await attempt(login, key, { blob, algorithm, signature: plain }), String(reason(bench))).toEqual({
    answer: "success",
  });
  const [line] = bench.log.with("authenticated");
  expect(line?.fields).toMatchObject({ keyId: "key id", serial: "1", fingerprint: key.publicKey.fingerprint });
});

it.each(DEVICES)("requires a touch of a key of type %s, unless its line has no-touch-required", async (type) => {
  const key = makeSigner(type);
  const strict = await startBench(listing(key));
  expect(await attempt(await RawLogin.open(strict), key, { flags: 0 })).toMatchObject({ answer: "failure" });
  expect(reason(strict)).toBe("the security key requires a touch (user presence)");
  const free = await startBench(listing(key, "no-touch-required "));
  expect(await attempt(await RawLogin.open(free), key, { flags: 0 })).toEqual({ answer: "success" });
});

it.each(DEVICES)("requires a PIN of a key of type %s if its line has verify-required", async (type) => {
  const key = makeSigner(type);
  const bench = await startBench(listing(key, "verify-required "));
  const login = await RawLogin.open(bench);
  expect(await attempt(login, key)).toMatchObject({ answer: "failure" });
  expect(reason(bench)).toBe("the security key requires a PIN or fingerprint (user verification)");
  expect(await attempt(login, key, { flags: 5 })).toEqual({ answer: "success" });
});

it("requires a PIN if a certificate for a security key has verify-required", async () => {
  const [key, authority] = [makeSigner("sk-ssh-ed25519@openssh.com"), makeSigner("ecdsa-sha2-nistp256")];
  const bench = await startBench(listing(authority, "cert-authority "));
  const blob = makeCertificate(key, authority, { criticalOptions: [["verify-required", Buffer.alloc(0)]] });
  const names = { blob, algorithm: "sk-ssh-ed25519-cert-v01@openssh.com" };
  const login = await RawLogin.open(bench);
  expect(await attempt(login, key, names)).toMatchObject({ answer: "failure" });
  expect(await attempt(login, key, { ...names, flags: 5 })).toEqual({ answer: "success" });
});

it.each([
  ["an RSA key with SHA-1", { algorithm: "ssh-rsa", signature: "ssh-rsa" }, /SHA-1/],
  [
    "an RSA signature with another hash than that of the request",
    { algorithm: "rsa-sha2-512", signature: "rsa-sha2-256" },
    "invalid signature",
  ],
  [
    "an RSA key with the algorithm of another type",
    { algorithm: "ssh-ed25519", signature: "rsa-sha2-256" },
    "the algorithm ssh-ed25519 does not match the type of the key",
  ],
  [
    "an RSA key with an unknown algorithm",
    { algorithm: "__proto__", signature: "rsa-sha2-256" },
    "the algorithm __proto__ does not match the type of the key",
  ],
] as [string, Attempt, string | RegExp][])("denies %s", async (_, names, why) => {
  const key = makeSigner("ssh-rsa");
  const bench = await startBench(listing(key));
  expect(await attempt(await RawLogin.open(bench), key, names)).toMatchObject({ answer: "failure" });
  expect(reason(bench)).toEqual(typeof why === "string" ? why : expect.stringMatching(why));
});

it.each([
  ["signed with SHA-1", {}, { algorithm: "ssh-rsa-cert-v01@openssh.com", signature: "ssh-rsa" }, /SHA-1/],
  [
    "signed with SHA-1 under another name",
    {},
    { algorithm: "rsa-sha2-256-cert-v01@openssh.com", signature: "ssh-rsa" },
    /invalid signature/,
  ],
  [
    "with the algorithm of a plain key",
    {},
    { algorithm: "rsa-sha2-256", signature: "rsa-sha2-256" },
    /malformed key|does not match/,
  ],
  [
    "signed with another hash than that of the request",
    {},
    { algorithm: "rsa-sha2-512-cert-v01@openssh.com", signature: "rsa-sha2-256" },
    /invalid signature/,
  ],
  ["for a host", { role: 2 }, {}, /it is a host certificate/],
  ["of an RSA authority that signed with SHA-1", { algorithm: "ssh-rsa" }, {}, /invalid signature of its authority/],
] as [string, CertificateFields, Attempt, RegExp][])("denies an RSA certificate %s", async (_, fields, names, why) => {
  const [key, authority] = [makeSigner("ssh-rsa"), makeSigner("ssh-rsa")];
  const bench = await startBench(listing(authority, "cert-authority "));
  const blob = makeCertificate(key, authority, fields);
  const good = { algorithm: "rsa-sha2-256-cert-v01@openssh.com", signature: "rsa-sha2-256" };
  const login = await RawLogin.open(bench);
  expect(await attempt(login, key, { blob, ...good, ...names })).toMatchObject({ answer: "failure" });
  expect(reason(bench)).toMatch(why);
});

it("does not mistake the nonce of a certificate for a listed key", async () => {
  const [alice, mallory, authority] = [1, 2, 3].map(() => makeSigner("ssh-ed25519")) as [Signer, Signer, Signer];
  const bench = await startBench(listing(alice));
  const login = await RawLogin.open(bench);
  // ssh2 parses the nonce as the key.
  for (const nonce of [alice.fields.subarray(4), alice.fields, alice.publicKey.blob]) {
    const blob = makeCertificate(mallory, authority, { nonce });
    const names = { blob, algorithm: "ssh-ed25519-cert-v01@openssh.com", signature: "ssh-ed25519" };
    expect(await attempt(login, mallory, names)).toMatchObject({ answer: "failure" });
    expect(reason(bench)).toBe("the certificate is not accepted: its authority is not listed");
  }
});

it("denies the key of an authority itself, and certificates that a plain user key signed", async () => {
  const [user, authority] = [makeSigner("ssh-ed25519"), makeSigner("ssh-ed25519")];
  const bench = await startBench({
    authorizedKeys: { lines: [`cert-authority ${authority.line}`, user.line] },
  });
  const login = await RawLogin.open(bench);
  expect(await attempt(login, authority)).toMatchObject({ answer: "failure" });
  const other = makeSigner("ssh-ed25519");
  const blob = makeCertificate(other, user);
  const names = { blob, algorithm: "ssh-ed25519-cert-v01@openssh.com", signature: "ssh-ed25519" };
  expect(await attempt(login, other, names)).toMatchObject({ answer: "failure" });
  expect(await attempt(login, user)).toEqual({ answer: "success" });
});

it("denies a listed key that is revoked, and disconnects the peer that logged in with it", async () => {
  const key = makeSigner("ssh-ed25519");
  const revokedKeys = write(tempDir(), "revoked", "");
  const bench = await startBench({ ...listing(key), revokedKeys });
  const login = await RawLogin.open(bench);
  expect(await attempt(login, key)).toEqual({ answer: "success" });
  writeFileSync(revokedKeys, `${key.line} lost\n`);
  expect(await login.next()).toEqual({ answer: "closed" });
  expect(bench.log.with("access revoked")[0]?.fields["reason"]).toBe("the key is revoked");
  expect(await attempt(await RawLogin.open(bench), key)).toMatchObject({ answer: "failure" });
  expect(reason(bench)).toBe("the key is revoked");
});

it("looks authorities up with a function, and disconnects a peer whose certificate has expired", async () => {
  const [key, authority] = [makeSigner("ssh-ed25519"), makeSigner("ssh-ed25519")];
  const bench = await startBench({
    certificateAuthorities: ({ key: by }) =>
      by.fingerprint === authority.publicKey.fingerprint ? [{ scopes: ["*"], principals: ["ops"] }] : [],
  });
  const validBefore = BigInt(Math.floor(Date.now() / 1000) + 4);
  const blob = makeCertificate(key, authority, { principals: ["ops"], validBefore });
  const names = { blob, algorithm: "ssh-ed25519-cert-v01@openssh.com", signature: "ssh-ed25519" };
  const login = await RawLogin.open(bench);
  expect(await attempt(login, key, names)).toEqual({ answer: "success" });
  expect(await login.next()).toEqual({ answer: "closed" });
  expect(bench.log.with("access revoked")[0]?.fields["reason"]).toMatch(/it expired on/);
});
