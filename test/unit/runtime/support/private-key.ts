import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";

/** Parameters of RSA and ECDSA keys. */
interface KeyShape {
  /** Default: 2048. */
  readonly modulusLength?: number;
  readonly namedCurve?: string;
}

/**
 * A new private key that tests sign with. Encoded while it is generated: Node 20 sometimes deadlocks when a key object that
 * `generateKeyPairSync` has just made is exported during a garbage collection.
 */
export function makePrivateKey(type: "ed25519" | "x25519" | "rsa" | "ec", shape: KeyShape = {}): KeyObject {
  // The overloads have one type each; all of them take these options.
  const { privateKey } = generateKeyPairSync(type as "rsa", {
    modulusLength: 2048,
    ...shape,
    privateKeyEncoding: { format: "der", type: "pkcs8" },
    publicKeyEncoding: { format: "der", type: "spki" },
  });
  return createPrivateKey({ key: privateKey, format: "der", type: "pkcs8" });
}
