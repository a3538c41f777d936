import { expect, it } from "vitest";
import { string } from "../../../../../../runtime/src/ssh/keys/format/binary-writer.js";
import type { PublicKey } from "../../../../../../runtime/src/ssh/keys/format/public-key.js";
import { toKeyObject } from "../../../../../../runtime/src/ssh/keys/format/public-key-object.js";

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
