import { generateEd25519 } from "../ssh/keys/format/generate-ed25519.js";
import { publicKeyLine } from "../ssh/keys/format/public-key.js";

/** A key pair in text form. */
export interface KeyPair {
  /** The private key in OpenSSH's format, unencrypted. */
  readonly privateKey: string;
  /** The public key as a line of authorized_keys: `ssh-ed25519 AAAA…`. */
  readonly publicKey: string;
}

/** Generates an ed25519 key pair in memory, for tests and for short-lived programs. */
export function generateKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateEd25519();
  return { privateKey, publicKey: publicKeyLine(publicKey) };
}
