/** Bytes of the values of ML-KEM-768 (FIPS 203, table 3), and of the secret that both sides get. */
export const ML_KEM_SIZES = { seed: 64, encapsulationKey: 1184, ciphertext: 1088, sharedSecret: 32 } as const;

/** A key pair of ML-KEM-768. */
interface KemKeyPair {
  readonly encapsulationKey: Uint8Array;
  /**
   * The shared secret of a ciphertext; for one that was not made with this key, a secret that only the owner of the key can
   * compute (FIPS 203, section 6.3). @throws Error for a ciphertext of another size
   */
  decapsulate(ciphertext: Uint8Array): Uint8Array;
}

/** The key encapsulation mechanism ML-KEM-768 (FIPS 203). */
export interface MlKem {
  /** @param seed d and z of FIPS 203, section 7.1; random by default */
  keyGen(seed?: Uint8Array): KemKeyPair;
  /** @throws Error for a key of another size, or with a number that is not below the modulus (FIPS 203, section 7.2) */
  encapsulate(encapsulationKey: Uint8Array): { readonly ciphertext: Uint8Array; readonly sharedSecret: Uint8Array };
}
