import type { ShownCertificate } from "../files/certificate-file.js";
import type { PublicKey } from "../format/public-key.js";

/** A private key that a client can log in with. It is opened when it is to sign, and not before. */
export interface Identity {
  readonly publicKey: PublicKey;
  /** Where it came from, for messages. */
  readonly source: string;
  /** What certifies it, from the file `…-cert.pub` beside it. */
  readonly certificates: readonly ShownCertificate[];
  /** Whether it cannot sign as it is: an agent that holds it, too, is to be preferred. */
  readonly locked: boolean;
  /** Why only an agent can sign with it, where that is so, and what to do. */
  readonly problem?: string;
  /** The whole signature in SSH's binary form. Rejects where the key cannot be opened. */
  sign(data: Buffer, algorithm: string): Promise<Buffer>;
}

/** The text of a private key. */
export type PrivateKeyText = string | Buffer;

/**
 * Where a private key comes from: a file, or the text of one, or a function that gets the text. A text that begins with
 * `-----BEGIN` is the key itself, and a Buffer always is. With the public half, which is a line such as `ssh-ed25519 AAAA…`, the
 * function is called only once a server wants a signature of that key.
 */
export type IdentitySource =
  | PrivateKeyText
  | {
      readonly privateKey: PrivateKeyText | (() => PrivateKeyText | Promise<PrivateKeyText>);
      readonly publicKey?: string;
    };
