import ssh2, { type ParsedKey } from "ssh2";
import { generateEd25519 } from "../../keys/format/generate-ed25519.js";
import { publicKeyLine } from "../../keys/format/public-key.js";
import type { OfferedAlgorithm, OfferedKey } from "./offered-key.js";

/** Signs for a key that ssh2 holds as a {@link ParsedKey}. */
interface KeySigner {
  /** Whether to sign the first request, in place of asking whether the server would accept the key. */
  readonly signsAtOnce: boolean;
  sign(data: Buffer): Promise<Buffer>;
  /** Makes ssh2 continue with the next authentication method. */
  fail(reason: Error): void;
}

/** Whether the first request has a signature, or asks whether the server would accept the key. */
type FirstRequest = "signed" | "unsigned";

const signers = new WeakMap<object, KeySigner>();
let template: ParsedKey | undefined;

/**
 * Wraps a key as a `ParsedKey` of ssh2. Its type is the algorithm of the request: ssh2 itself would sign with RSA and SHA-1 for
 * servers without `server-sig-algs`, and supports neither security keys nor certificates. Its `sign` returns an Error, on which
 * ssh2 continues with the next method.
 */
export function toParsedKey(key: OfferedKey, algorithm: OfferedAlgorithm, first: FirstRequest): ParsedKey {
  template ??= ssh2.utils.parseKey(publicKeyLine(generateEd25519().publicKey)) as ParsedKey;
  let failure = new Error("this key signs asynchronously");
  const parsed = Object.assign(Object.create(template) as ParsedKey, {
    type: algorithm.request,
    getPublicSSH: () => key.blob,
    isPrivateKey: () => true,
    sign: () => failure,
  });
  signers.set(parsed, {
    signsAtOnce: first === "signed",
    sign: (data) => key.sign(data, algorithm.signature),
    fail: (reason) => {
      failure = reason;
    },
  });
  return parsed as unknown as ParsedKey;
}

/** The signer of a key made by {@link toParsedKey}; undefined for any other key. */
export function signerOf(key: object): KeySigner | undefined {
  return signers.get(key);
}
