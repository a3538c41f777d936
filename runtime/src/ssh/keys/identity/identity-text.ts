import type { ParsedKey } from "ssh2";
import { makeSignature } from "../format/make-signature.js";
import { type PublicKey, publicKeyFromBlob, sameKey } from "../format/public-key.js";
import { isSecurityKeyType } from "../format/signature.js";
import type { Identity } from "./identity.js";
import type { Passphrases } from "./passphrase.js";
import { deviceProblem, parsePrivateKey } from "./private-key.js";
import { publicHalfOf } from "./public-half.js";

/** What is known of the text of a private key. */
export interface IdentityText extends Pick<Identity, "source" | "certificates"> {
  /** What it is and where it came from, for messages. */
  readonly name: string;
  readonly data: string | Buffer;
  /** From beside it: with it, an encrypted key need not be opened to tell which one it is. */
  readonly publicKey: PublicKey | undefined;
}

/**
 * Makes an identity of the text of a private key, which is opened now only if that needs no passphrase, or nothing else tells
 * which key it is.
 * @throws Error of one line that names it, where it cannot be read, or is encrypted and the passphrase does not open it
 */
export async function identityOf(text: IdentityText, passphrases: Passphrases): Promise<Identity> {
  const { name, data, source, certificates } = text;
  const half = publicHalfOf(data);
  if (half !== undefined && isSecurityKeyType(half.type)) {
    return lockedIdentity({ publicKey: half, source, certificates, problem: deviceProblem(name) });
  }
  const plain = parsePrivateKey(data, name);
  if ("key" in plain) return open(plain.key, text);

  const problem = `${name} is encrypted: give its passphrase, or load it into the agent with ssh-add`;
  const unlock = async (): Promise<ParsedKey> => {
    if (!passphrases.given) throw new Error(problem);
    const key = await passphrases.open(source, (passphrase) => {
      const opened = parsePrivateKey(data, name, passphrase);
      return "key" in opened ? opened.key : undefined;
    });
    if (key === undefined) throw new Error(`${name} is encrypted, and the passphrase does not open it`);
    return key;
  };
  const publicKey = half ?? text.publicKey;
  if (publicKey === undefined) return open(await unlock(), text);
  if (!passphrases.given) return lockedIdentity({ publicKey, source, certificates, problem });
  return {
    ...{ publicKey, source, certificates, locked: true },
    sign: async (payload, algorithm) => {
      const key = await unlock();
      if (sameKey(publicKeyOf(key), publicKey)) return makeSignature(key, algorithm, payload);
      throw new Error(`${name} does not fit the public half beside it`);
    },
  };
}

/** An identity whose private half is elsewhere: only an agent can sign with it. */
export function lockedIdentity(
  identity: Pick<Required<Identity>, "publicKey" | "source" | "certificates" | "problem">,
): Identity {
  return { ...identity, locked: true, sign: () => Promise.reject(new Error(identity.problem)) };
}

function open(key: ParsedKey, { source, certificates }: IdentityText): Identity {
  return {
    ...{ publicKey: publicKeyOf(key), source, certificates, locked: false },
    sign: async (payload, algorithm) => makeSignature(key, algorithm, payload),
  };
}

function publicKeyOf(key: ParsedKey): PublicKey {
  return publicKeyFromBlob(key.getPublicSSH()) as PublicKey;
}
