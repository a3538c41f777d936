import crypto, { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { describe, expect, test } from "vitest";
import { loadMlKem } from "../../../../runtime/src/ssh/ml-kem/load-ml-kem.js";
import type { MlKem } from "../../../../runtime/src/ssh/ml-kem/ml-kem.js";
import { nobleMlKem } from "../../../../runtime/src/ssh/ml-kem/noble-ml-kem.js";
import { nodeMlKem } from "../../../../runtime/src/ssh/ml-kem/node-ml-kem.js";

type Vector<Fields extends string> = Readonly<Record<Fields, string>>;

/** Vectors of FIPS 203; the fixture names their source. */
const VECTORS: {
  readonly keyGen: readonly Vector<"d" | "z" | "ek" | "dk">[];
  readonly encapsulation: readonly Vector<"ek" | "m" | "c" | "k">[];
  readonly decapsulation: readonly Vector<"c" | "k" | "reason">[];
  readonly decapsulationKey: string;
} = JSON.parse(readFileSync(new URL("../../../fixtures/ml-kem-768.json", import.meta.url), "utf8"));

const bytes = (base64: string) => Buffer.from(base64, "base64");
const base64 = (value: Uint8Array) => Buffer.from(value).toString("base64");

const noble = nobleMlKem();
const native = nodeMlKem();

/** OneAsymmetricKey with the expanded form of a decapsulation key (RFC 9935, section 6). */
const PKCS8_EXPANDED = "30820978020100300b060960864801650304040204820964" + "04820960";

/** Each source, with what the product does not need of it: decapsulation with the expanded form of a key. */
const SOURCES: readonly (readonly [string, MlKem | undefined, (key: Buffer, ciphertext: Buffer) => Uint8Array])[] = [
  ["@noble/post-quantum", noble, (key, ciphertext) => ml_kem768.decapsulate(ciphertext, key)],
  [
    "Node",
    native,
    (key, ciphertext) => {
      const { decapsulate } = crypto as unknown as { decapsulate(key: crypto.KeyObject, ciphertext: Buffer): Buffer };
      const der = Buffer.concat([Buffer.from(PKCS8_EXPANDED, "hex"), key]);
      return decapsulate(createPrivateKey({ key: der, format: "der", type: "pkcs8" }), ciphertext);
    },
  ],
];

for (const [name, kem, decapsulate] of SOURCES) {
  const why = kem === undefined ? ` (skipped: Node ${process.versions.node} has no ML-KEM)` : "";
  describe.skipIf(kem === undefined)(`ML-KEM-768 of ${name}${why}`, () => {
    const { keyGen, encapsulate } = kem ?? noble;

    test.each(VECTORS.keyGen)("generates the key pairs of FIPS 203's vectors", ({ d, z, ek, dk }) => {
      const { encapsulationKey, decapsulate: own } = keyGen(Buffer.concat([bytes(d), bytes(z)]));
      expect(base64(encapsulationKey)).toBe(ek);
      // The decapsulation key is shown by what it does.
      const { cipherText } = ml_kem768.encapsulate(bytes(ek));
      expect(base64(own(cipherText))).toBe(base64(ml_kem768.decapsulate(cipherText, bytes(dk))));
    });

    test.each(VECTORS.decapsulation)("decapsulates the ciphertexts of FIPS 203's vectors", ({ c, k }) => {
      expect(base64(decapsulate(bytes(VECTORS.decapsulationKey), bytes(c)))).toBe(k);
    });

    test.each(VECTORS.encapsulation)("encapsulates for the keys of FIPS 203's vectors", ({ ek }) => {
      const { ciphertext, sharedSecret } = encapsulate(bytes(ek));
      expect([ciphertext.length, sharedSecret.length]).toEqual([1088, 32]);
      expect(base64(ciphertext)).not.toBe(base64(encapsulate(bytes(ek)).ciphertext));
    });

    test("agrees with the other source, in both directions", () => {
      for (const [from, to] of [
        [kem ?? noble, noble],
        [noble, kem ?? noble],
      ] as const) {
        const { encapsulationKey, decapsulate: own } = to.keyGen();
        const { ciphertext, sharedSecret } = from.encapsulate(encapsulationKey);
        expect(base64(own(ciphertext))).toBe(base64(sharedSecret));
      }
    });

    test("gives a ciphertext of garbage a secret of its own, the same each time", () => {
      const { decapsulate: own } = keyGen();
      const garbage = Buffer.alloc(1088, 3);
      expect(own(garbage)).toHaveLength(32);
      expect(base64(own(garbage))).toBe(base64(own(garbage)));
      expect(base64(keyGen().decapsulate(garbage))).not.toBe(base64(own(garbage)));
    });

    // Each key has 768 numbers of 12 bits, which must be below 3,329.
    test.each([
      [
        "whose first number is 3,329",
        (key: Buffer) => Buffer.concat([Buffer.of(0x01, (key[1] as number & 0xf0) | 0xd), key.subarray(2)]),
      ],
      [
        "whose last number is 4,095",
        (key: Buffer) =>
          Buffer.concat([key.subarray(0, 1150), Buffer.of((key[1150] as number) | 0xf0, 0xff), key.subarray(1152)]),
      ],
      ["that is a byte too short", (key: Buffer) => key.subarray(1)],
      ["that is a byte too long", (key: Buffer) => Buffer.concat([key, Buffer.of(0)])],
      ["that is empty", () => Buffer.alloc(0)],
    ])("refuses an encapsulation key %s", (_, change) => {
      const key = Buffer.from(keyGen().encapsulationKey);
      expect(() => encapsulate(change(key))).toThrow();
    });

    test.each([0, 1087, 1089])("refuses a ciphertext of %i bytes", (size) => {
      expect(() => keyGen().decapsulate(Buffer.alloc(size))).toThrow();
    });
  });
}

test.each(VECTORS.encapsulation)(
  "@noble/post-quantum gives the ciphertext and secret of FIPS 203's vectors",
  ({ ek, m, c, k }) => {
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(bytes(ek), bytes(m));
    expect([base64(cipherText), base64(sharedSecret)]).toEqual([c, k]);
  },
);

test("the source is Node's own where it has ML-KEM", async () => {
  const { encapsulationKey } = (await loadMlKem()).keyGen();
  // Node's keys are Buffers.
  expect(Buffer.isBuffer(encapsulationKey)).toBe(native !== undefined);
});
