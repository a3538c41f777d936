import type { UserCertificate } from "../files/user-certificate.js";
import type { PublicKey } from "../format/public-key.js";

/** A private key of a client. It is decrypted when it must sign. */
export interface Identity {
  readonly publicKey: PublicKey;
  /** The file, for messages. */
  readonly source: string;
  /** The certificates of the file `…-cert.pub` beside it. */
  readonly certificates: readonly UserCertificate[];
  /** Whether it is encrypted or elsewhere: an agent with the same key is preferred. */
  readonly locked: boolean;
  /** Whether the private key is in memory, so that it signs without a prompt or an agent. Default: false. */
  readonly isOpen?: boolean;
  /** Why only an agent can sign with it, and the fix; absent where it can sign. */
  readonly problem?: string;
  /** Signs; resolves with the signature in SSH's binary form. Rejects where the key cannot be decrypted. */
  sign(data: Buffer, algorithm: string): Promise<Buffer>;
}

/** The text of a private key. */
export type PrivateKeyText = string | Buffer;

/**
 * A private key: a file name, the text of a key, or a function that returns the text. A string that starts with `-----BEGIN`, or a
 * Buffer, is the key itself. With `publicKey`, a line such as `ssh-ed25519 AAAA…`, the function is called only when a server
 * asks for a signature of that key.
 */
export type IdentitySource =
  | PrivateKeyText
  | {
      readonly privateKey: PrivateKeyText | (() => PrivateKeyText | Promise<PrivateKeyText>);
      readonly publicKey?: string;
    };
