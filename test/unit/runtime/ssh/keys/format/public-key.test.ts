import type { PublicKey } from "sshrpc/server";
import { expect, it, test } from "vitest";
import { string } from "../../../../../../runtime/src/ssh/keys/format/binary-writer.js";
import { parseCertificate } from "../../../../../../runtime/src/ssh/keys/format/certificate.js";
import { parsePublicKey, publicKeyFromBlob } from "../../../../../../runtime/src/ssh/keys/format/public-key.js";
import { toKeyObject } from "../../../../../../runtime/src/ssh/keys/format/public-key-object.js";
import { makeCertificate, makeSigner } from "../make-keys.js";

const { publicKey } = makeSigner("ssh-ed25519");

test.each([
  ["a packet", () => publicKeyFromBlob(Buffer.concat([publicKey.blob, Buffer.alloc(30_000)]).subarray(0, 51))],
  ["base64", () => parsePublicKey("ssh-ed25519", publicKey.blob.toString("base64"))],
])("a key parsed from %s retains only its own memory", (_, read) => {
  const { blob } = read() as PublicKey;
  expect(blob).toEqual(publicKey.blob);
  expect(blob.buffer.byteLength).toBe(51);
});

test("a certificate retains only its own memory", () => {
  const blob = makeCertificate(makeSigner("ssh-ed25519"), makeSigner("ssh-ed25519"), {
    extensions: [["permit-pty", Buffer.alloc(0)]],
  });
  const { key, authority, signed, signature, extensions } = parseCertificate(
    Buffer.concat([blob, Buffer.alloc(30_000)]).subarray(0, blob.length),
  );
  for (const part of [key.blob, authority.blob, signed, signature.bytes, ...extensions.values()]) {
    expect(part.buffer.byteLength).toBeLessThanOrEqual(blob.length);
  }
});

/** An RSA key with a modulus of this size, which need not be a product of primes. */
function rsaKey(bits: number): PublicKey {
  const modulus = Buffer.alloc(Math.ceil(bits / 8), 0xff);
  modulus[0] = 0xff >> (modulus.length * 8 - bits);
  const blob = Buffer.concat([string("ssh-rsa"), string(Buffer.of(1, 0, 1)), string(modulus)]);
  return { type: "ssh-rsa", blob } as unknown as PublicKey;
}

it("accepts RSA keys of 2,048 to 16,384 bits", () => {
  for (const bits of [2048, 16_384]) expect(toKeyObject(rsaKey(bits)).asymmetricKeyDetails?.modulusLength).toBe(bits);
  expect(() => toKeyObject(rsaKey(2047))).toThrow("an RSA key of 2047 bits is too short; the minimum is 2048");
  expect(() => toKeyObject(rsaKey(16_385))).toThrow("an RSA key of 16385 bits is too long; the maximum is 16384");
});
