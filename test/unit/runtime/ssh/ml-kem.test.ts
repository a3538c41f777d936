import { createHash } from "node:crypto";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { describe, expect, test } from "vitest";
import { loadMlKem } from "../../../../runtime/src/ssh/ml-kem/load-ml-kem.js";
import type { MlKem } from "../../../../runtime/src/ssh/ml-kem/ml-kem.js";
import { nobleMlKem } from "../../../../runtime/src/ssh/ml-kem/noble-ml-kem.js";
import { nodeMlKem } from "../../../../runtime/src/ssh/ml-kem/node-ml-kem.js";
import { IS_FULL } from "../../../rounds.js";

/** Known answers of ML-KEM-768 after a number of rounds (C2SP, CCTV, ML-KEM, accumulated vectors). */
const ACCUMULATED = [
  [100, "1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415"],
  ...(IS_FULL ? ([[10_000, "8a518cc63da366322a8e7a818c7a0d63483cb3528d34a4cf42f35d5ad73f22fc"]] as const) : []),
] as const;

/** Timeout in ms of 10,000 rounds. */
const SLOW = 600_000;

const shake128 = (size: number) => createHash("shake128", { outputLength: size });

/**
 * The hash of the keys, ciphertexts and secrets of many rounds, whose seeds are the output of SHAKE-128 for an empty input. Each round
 * also decapsulates a ciphertext of random bytes: its secret shows the implicit rejection. Node's ML-KEM has no input for the randomness
 * of an encapsulation, so the ciphertexts are those of @noble/post-quantum.
 */
function accumulate({ keyGen }: MlKem, count: number): string {
  const seeds = shake128(count * (64 + 32 + 1088)).digest();
  const output = shake128(32);
  let position = 0;
  const next = (size: number) => {
    position += size;
    return seeds.subarray(position - size, position);
  };
  for (let round = 0; round < count; round++) {
    const { encapsulationKey, decapsulate } = keyGen(next(64));
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(encapsulationKey, next(32));
    expect(base64(decapsulate(cipherText))).toBe(base64(sharedSecret));
    for (const value of [encapsulationKey, cipherText, sharedSecret, decapsulate(next(1088))]) output.update(value);
  }
  return output.digest("hex");
}

const base64 = (value: Uint8Array) => Buffer.from(value).toString("base64");

const noble = nobleMlKem();
const native = nodeMlKem();

for (const [name, kem] of [
  ["@noble/post-quantum", noble],
  ["Node", native],
] as const) {
  const why = kem === undefined ? ` (skipped: Node ${process.versions.node} has no ML-KEM)` : "";
  describe.skipIf(kem === undefined)(`ML-KEM-768 of ${name}${why}`, () => {
    const { keyGen, encapsulate } = kem ?? noble;

    test.each(ACCUMULATED)(
      "gives the known answer after %i rounds of keys, secrets and implicit rejections",
      (count, answer) => {
        expect(accumulate({ keyGen, encapsulate }, count)).toBe(answer);
      },
      SLOW,
    );

    test("encapsulates with new randomness each time", () => {
      const { encapsulationKey } = keyGen();
      const { ciphertext, sharedSecret } = encapsulate(encapsulationKey);
      expect([ciphertext.length, sharedSecret.length]).toEqual([1088, 32]);
      expect(base64(ciphertext)).not.toBe(base64(encapsulate(encapsulationKey).ciphertext));
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

test("the source is Node's own where it has ML-KEM", async () => {
  const { encapsulationKey } = (await loadMlKem()).keyGen();
  // Node's keys are Buffers.
  expect(Buffer.isBuffer(encapsulationKey)).toBe(native !== undefined);
});
