import crypto, { createPrivateKey, createPublicKey, type KeyObject, randomBytes } from "node:crypto";
import { ML_KEM_SIZES, type MlKem } from "./ml-kem.js";

/** What Node has since 24.7, with OpenSSL 3.5 and later; the types of our lowest version do not declare it. */
interface KemFunctions {
  encapsulate(key: KeyObject): { readonly sharedKey: Buffer; readonly ciphertext: Buffer };
  decapsulate(key: KeyObject, ciphertext: Uint8Array): Buffer;
}

/** The DER of SubjectPublicKeyInfo before the encapsulation key (RFC 9935, section 4). */
const SPKI = Buffer.from("308204b2300b0609608648016503040402038204a100", "hex");

/** The DER of OneAsymmetricKey before the seed (RFC 9935, section 6). */
const PKCS8 = Buffer.from("3054020100300b060960864801650304040204428040", "hex");

/** ML-KEM of Node's own crypto; undefined where this Node, or its OpenSSL, has none. */
export function nodeMlKem(): MlKem | undefined {
  const { encapsulate, decapsulate } = crypto as unknown as Partial<KemFunctions>;
  if (encapsulate === undefined || decapsulate === undefined) return undefined;
  const kem: MlKem = {
    keyGen(seed = randomBytes(ML_KEM_SIZES.seed)) {
      const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
      const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
      return {
        encapsulationKey: spki.subarray(SPKI.length),
        decapsulate: (ciphertext) => decapsulate(privateKey, ciphertext),
      };
    },
    encapsulate(key) {
      // OpenSSL ignores what follows the structure.
      if (key.length !== ML_KEM_SIZES.encapsulationKey) throw new Error(`an encapsulation key of ${key.length} bytes`);
      const publicKey = createPublicKey({ key: Buffer.concat([SPKI, key]), format: "der", type: "spki" });
      const { sharedKey, ciphertext } = encapsulate(publicKey);
      return { ciphertext, sharedSecret: sharedKey };
    },
  };
  return works(kem) ? kem : undefined;
}

/** A Node with the functions may run on an OpenSSL without the algorithm. */
function works(kem: MlKem): boolean {
  try {
    const { encapsulationKey, decapsulate } = kem.keyGen();
    const { ciphertext, sharedSecret } = kem.encapsulate(encapsulationKey);
    return Buffer.from(sharedSecret).equals(decapsulate(ciphertext));
  } catch {
    return false;
  }
}
