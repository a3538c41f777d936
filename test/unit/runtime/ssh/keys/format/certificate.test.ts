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

it.each(KEY_TYPES)("reads a certificate for %s, and one by an authority of that type", (type) => {
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

it("takes the key from its own fields, whatever the nonce looks like", () => {
  const mallory = makeSigner("ssh-ed25519");
  for (const nonce of [mallory.fields, mallory.publicKey.blob, string(mallory.publicKey.blob), Buffer.alloc(0)]) {
    expect(parseCertificate(make({ nonce })).key).toEqual(user.publicKey);
  }
});

it("is damaged when a byte is missing, or follows", () => {
  const good = make({ criticalOptions: [["a", string("b")]], extensions: [["c", Buffer.alloc(0)]] });
  for (let size = 0; size < good.length; size++) {
    expect(() => parseCertificate(good.subarray(0, size))).toThrow(/^the certificate is damaged: /);
  }
  expect(() => parseCertificate(Buffer.concat([good, Buffer.alloc(1)]))).toThrow("bytes follow it");
});

it("is not signed any more, or damaged, when any byte of it is another", () => {
  const good = make({ criticalOptions: [["a", string("b")]], extensions: [["c", Buffer.alloc(0)]] });
  for (let at = 0; at < good.length; at++) {
    const changed = Buffer.from(good);
    changed[at] = (changed[at] as number) ^ 0x01;
    let certificate: Certificate | undefined;
    try {
      certificate = parseCertificate(changed);
    } catch (error) {
      expect((error as Error).message).toMatch(/^the certificate is damaged: /);
    }
    // The signature's own name aside, everything counts.
    if (certificate) expect(isSignedByItsAuthority(certificate), `byte ${at}`).toBe(false);
  }
});

it.each([
  [
    "an authority that is a certificate itself",
    { authorityBlob: make() },
    /so is the key of its authority|a certificate itself/,
  ],
  ["neither user nor host", { role: 3 }, /it is for 3, which is neither user nor host/],
  [
    "one option twice",
    {
      extensions: [
        ["x", Buffer.alloc(0)],
        ["x", Buffer.alloc(0)],
      ],
    },
    /it says x twice/,
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
    /no type of certificate: ssh-dss-cert-v01@openssh\.com/,
  ],
  ["a type with control characters", { type: "x\x1b[2J-cert-v01@openssh.com" }, /no type of certificate: x\\u\{1b\}/],
  ["more bytes than any has", { keyId: "x".repeat(70_000) }, /longer than 65536 bytes/],
] as [string, CertificateFields, RegExp][])("is refused with %s", (_, fields, message) => {
  expect(() => parseCertificate(make(fields))).toThrow(message);
});

it("is not signed where its authority signed another one, or with SHA-1", () => {
  const mallory = makeSigner("ssh-ed25519");
  const stolen = makeCertificate(user, mallory, { authorityBlob: authority.publicKey.blob });
  expect(isSignedByItsAuthority(parseCertificate(stolen))).toBe(false);
  const rsa = makeSigner("ssh-rsa");
  expect(isSignedByItsAuthority(parseCertificate(makeCertificate(user, rsa, { algorithm: "ssh-rsa" })))).toBe(false);
  expect(isSignedByItsAuthority(parseCertificate(makeCertificate(user, rsa, { algorithm: "rsa-sha2-256" })))).toBe(
    true,
  );
});
