import crypto, { createHash, createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
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

/**
 * The folder gen-val/json-files of https://github.com/usnistgov/ACVP-Server: the test vectors of NIST. The test needs of it
 * `internalProjection.json` of ML-KEM-keyGen-FIPS203 and of ML-KEM-encapDecap-FIPS203.
 */
const FOLDER = process.env["SSHRPC_ACVP"];

type Hex = Readonly<Record<string, string>>;

/** A group of tests of one parameter set; which values are those of the group depends on the version of the files. */
interface Group {
  readonly parameterSet: string;
  readonly function?: string;
  readonly dk?: string;
  readonly tests: readonly Hex[];
}

/** The tests of ML-KEM-768 in one file, of one function where the file has several. */
function vectors(mode: string, wanted?: string): readonly Hex[] {
  const file = join(FOLDER as string, `ML-KEM-${mode}-FIPS203`, "internalProjection.json");
  const { testGroups } = JSON.parse(readFileSync(file, "utf8")) as { readonly testGroups: readonly Group[] };
  const groups = testGroups.filter((group) => group.parameterSet === "ML-KEM-768" && group.function === wanted);
  const all = groups.flatMap(({ dk, tests }) => tests.map((one) => ({ ...(dk !== undefined && { dk }), ...one })));
  if (all.length === 0) throw new Error(`${file}: no tests of ML-KEM-768 ${wanted ?? ""}`);
  return all;
}

const bytes = (hex: string | undefined) => Buffer.from(hex as string, "hex");
const hex = (value: Uint8Array) => Buffer.from(value).toString("hex").toUpperCase();

/** OneAsymmetricKey with the expanded form of a decapsulation key (RFC 9935, section 6). */
const PKCS8_EXPANDED = Buffer.from("30820978020100300b06096086480165030404020482096404820960", "hex");

/** What the product does not need of Node: decapsulation with the expanded form of a key. */
function decapsulateWithNode(key: Buffer, ciphertext: Buffer): Uint8Array {
  const { decapsulate } = crypto as unknown as { decapsulate(key: crypto.KeyObject, ciphertext: Buffer): Buffer };
  const der = Buffer.concat([PKCS8_EXPANDED, key]);
  return decapsulate(createPrivateKey({ key: der, format: "der", type: "pkcs8" }), ciphertext);
}

const why = FOLDER === undefined ? " (skipped: SSHRPC_ACVP is not set)" : "";

describe.skipIf(FOLDER === undefined)(`ML-KEM-768 and the vectors of NIST${why}`, () => {
  for (const [name, kem, decapsulate] of [
    ["@noble/post-quantum", noble, (key: Buffer, value: Buffer) => ml_kem768.decapsulate(value, key)],
    ["Node", nodeMlKem(), decapsulateWithNode],
  ] as const) {
    describe.skipIf(kem === undefined)(`of ${name}`, () => {
      const { keyGen, encapsulate } = kem ?? noble;

      test("generates their keys", () => {
        for (const { d, z, ek, dk } of vectors("keyGen")) {
          const pair = keyGen(Buffer.concat([bytes(d), bytes(z)]));
          expect(hex(pair.encapsulationKey)).toBe(ek);
          // The decapsulation key is shown by what it does.
          const { cipherText, sharedSecret } = ml_kem768.encapsulate(bytes(ek));
          expect(hex(pair.decapsulate(cipherText))).toBe(hex(sharedSecret));
          const garbage = Buffer.alloc(1088, 3);
          expect(hex(pair.decapsulate(garbage))).toBe(hex(decapsulate(bytes(dk), garbage)));
        }
      });

      test("decapsulates their ciphertexts, also the changed ones", () => {
        for (const { dk, c, k } of vectors("encapDecap", "decapsulation")) {
          expect(hex(decapsulate(bytes(dk), bytes(c)))).toBe(k);
        }
      });

      test("encapsulates for their keys", () => {
        for (const { ek, dk } of vectors("encapDecap", "encapsulation")) {
          const { ciphertext, sharedSecret } = encapsulate(bytes(ek));
          expect(hex(decapsulate(bytes(dk), Buffer.from(ciphertext)))).toBe(hex(sharedSecret));
        }
      });
    });
  }

  test("@noble/post-quantum gives their ciphertexts and secrets", () => {
    for (const { ek, m, c, k } of vectors("encapDecap", "encapsulation")) {
      const { cipherText, sharedSecret } = ml_kem768.encapsulate(bytes(ek), bytes(m));
      expect([hex(cipherText), hex(sharedSecret)]).toEqual([c, k]);
    }
  });
});
