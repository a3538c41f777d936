import { generateEd25519 } from "../ssh/keys/format/generate-ed25519.js";
import { publicKeyLine } from "../ssh/keys/format/public-key.js";

/** A key pair as text. */
export interface KeyPair {
  /** In OpenSSH's format, not encrypted. */
  readonly privateKey: string;
  /** One line, as authorized_keys takes it: `ssh-ed25519 AAAA…`. */
  readonly publicKey: string;
}

/** Makes an ed25519 key pair that lives in memory: for tests, and for programs that need keys for a moment. */
export function generateKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateEd25519();
  return { privateKey, publicKey: publicKeyLine(publicKey) };
}
