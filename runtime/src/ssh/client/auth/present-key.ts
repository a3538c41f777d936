import ssh2, { type ParsedKey } from "ssh2";
import { generateEd25519 } from "../../keys/format/generate-ed25519.js";
import { publicKeyLine } from "../../keys/format/public-key.js";
import type { OfferedAlgorithm, OfferedKey } from "./offered-key.js";

/** What signs for a key that was presented to ssh2. */
export interface Presented {
  sign(data: Buffer): Promise<Buffer>;
  /** Makes ssh2 go on to what comes next. */
  fail(reason: Error): void;
}

const presented = new WeakMap<object, Presented>();
let template: ParsedKey | undefined;

/**
 * Makes a key look to ssh2 like one of its own. Its type is the algorithm of the request: ssh2 would sign with RSA and SHA-1
 * where a server does not say what it takes, and knows neither security keys nor certificates. It cannot sign by itself, and
 * gives an Error in place of a signature, which ssh2 takes for a reason to go on.
 */
export function presentKey(key: OfferedKey, algorithm: OfferedAlgorithm): ParsedKey {
  template ??= ssh2.utils.parseKey(publicKeyLine(generateEd25519().publicKey)) as ParsedKey;
  let failure = new Error("a key that was presented signs later");
  const shown = Object.assign(Object.create(template) as ParsedKey, {
    type: algorithm.request,
    getPublicSSH: () => key.blob,
    isPrivateKey: () => true,
    sign: () => failure,
  });
  presented.set(shown, {
    sign: (data) => key.sign(data, algorithm.signature),
    fail: (reason) => {
      failure = reason;
    },
  });
  return shown as unknown as ParsedKey;
}

/** What signs for a key; undefined where it was not presented here. */
export function signerOf(key: object): Presented | undefined {
  return presented.get(key);
}
