import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import type { MlKem } from "./ml-kem.js";

/** ML-KEM of @noble/post-quantum, in JavaScript. */
export function nobleMlKem(): MlKem {
  return {
    keyGen(seed) {
      const { publicKey, secretKey } = ml_kem768.keygen(seed);
      return {
        encapsulationKey: publicKey,
        decapsulate: (ciphertext) => ml_kem768.decapsulate(ciphertext, secretKey),
      };
    },
    encapsulate(key) {
      const { cipherText, sharedSecret } = ml_kem768.encapsulate(key);
      return { ciphertext: cipherText, sharedSecret };
    },
  };
}
