import crypto, { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { describe, expect, test } from "vitest";
import { nobleMlKem } from "../../../../runtime/src/ssh/ml-kem/noble-ml-kem.js";
import { nodeMlKem } from "../../../../runtime/src/ssh/ml-kem/node-ml-kem.js";

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

const noble = nobleMlKem();

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
