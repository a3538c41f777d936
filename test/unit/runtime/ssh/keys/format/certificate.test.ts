import { expect, it } from "vitest";
import {
  type Certificate,
  isSignedByItsAuthority,
  parseCertificate,
} from "../../../../../../runtime/src/ssh/keys/format/certificate.js";
import { type CertificateFields, KEY_TYPES, makeCertificate, makeSigner, string } from "../make-keys.js";

const authority = makeSigner("ssh-ed25519");
const user = makeSigner("ssh-ed25519");
const make = (fields?: CertificateFields) => makeCertificate(user, authority, fields);

it.each(KEY_TYPES)("parses a certificate of %s, and one by an authority of that type", (type) => {
  const other = makeSigner(type);
  const certified = parseCertificate(
    makeCertificate(other, authority, { serial: 2n ** 64n - 1n, principals: ["a", "b"] }),
  );
  expect(certified).toMatchObject({
    key: other.publicKey,
    serial: 2n ** 64n - 1n,
    principals: ["a", "b"],
    role: "user",
  });
  expect(isSignedByItsAuthority(certified)).toBe(true);
  const by = parseCertificate(makeCertificate(user, other));
  expect(by).toMatchObject({ key: user.publicKey, authority: other.publicKey });
  expect(isSignedByItsAuthority(by)).toBe(true);
});

it("reads the key from its own fields, with any nonce", () => {
  const mallory = makeSigner("ssh-ed25519");
  for (const nonce of [mallory.fields, mallory.publicKey.blob, string(mallory.publicKey.blob), Buffer.alloc(0)]) {
    expect(parseCertificate(make({ nonce })).key).toEqual(user.publicKey);
  }
});

it("rejects a truncated certificate, and trailing bytes", () => {
  const good = make({ criticalOptions: [["a", string("b")]], extensions: [["c", Buffer.alloc(0)]] });
  for (let size = 0; size < good.length; size++) {
    expect(() => parseCertificate(good.subarray(0, size))).toThrow(/^damaged certificate: /);
  }
  expect(() => parseCertificate(Buffer.concat([good, Buffer.alloc(1)]))).toThrow("trailing bytes");
});

it("rejects a certificate, or its signature, when any byte is changed", () => {
  const good = make({ criticalOptions: [["a", string("b")]], extensions: [["c", Buffer.alloc(0)]] });
  for (let at = 0; at < good.length; at++) {
    const changed = Buffer.from(good);
    changed[at] = (changed[at] as number) ^ 0x01;
    let certificate: Certificate | undefined;
    try {
      certificate = parseCertificate(changed);
    } catch (error) {
      expect((error as Error).message).toMatch(/^damaged certificate: /);
    }
    if (certificate) expect(isSignedByItsAuthority(certificate), `byte ${at}`).toBe(false);
  }
});

it.each([
  [
    "a certificate as the authority",
    { authorityBlob: make() },
    /damaged key of the authority|the authority is a certificate/,
  ],
  ["an unknown role", { role: 3 }, /unknown role 3, neither user nor host/],
  [
    "a repeated option",
    {
      extensions: [
        ["x", Buffer.alloc(0)],
        ["x", Buffer.alloc(0)],
      ],
    },
    /repeated option x/,
  ],
  ["too many principals", { principals: Array<string>(257).fill("a") }, /more than 256 principals/],
  [
    "too many options",
    { extensions: Array.from({ length: 257 }, (_, at) => [`${at}`, Buffer.alloc(0)]) },
    /more than 256 options/,
  ],
  [
    "an unknown type",
    { type: "ssh-dss-cert-v01@openssh.com" },
    /unknown certificate type: ssh-dss-cert-v01@openssh\.com/,
  ],
  ["a type with control characters", { type: "x\x1b[2J-cert-v01@openssh.com" }, /unknown certificate type: x\\u\{1b\}/],
  ["too many bytes", { keyId: "x".repeat(70_000) }, /longer than 32768 bytes/],
] as [string, CertificateFields, RegExp][])("rejects a certificate with %s", (_, fields, message) => {
  expect(() => parseCertificate(make(fields))).toThrow(message);
});

it("rejects a signature by another key, or with SHA-1", () => {
  const mallory = makeSigner("ssh-ed25519");
  const stolen = makeCertificate(user, mallory, { authorityBlob: authority.publicKey.blob });
  expect(isSignedByItsAuthority(parseCertificate(stolen))).toBe(false);
  const rsa = makeSigner("ssh-rsa");
  expect(isSignedByItsAuthority(parseCertificate(makeCertificate(user, rsa, { algorithm: "ssh-rsa" })))).toBe(false);
  expect(isSignedByItsAuthority(parseCertificate(makeCertificate(user, rsa, { algorithm: "rsa-sha2-256" })))).toBe(
    true,
  );
});
