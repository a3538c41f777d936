import type { ParsedKey } from "ssh2";
import { makeSignature } from "../format/make-signature.js";
import { type PublicKey, publicKeyFromBlob, sameKey } from "../format/public-key.js";
import { isSecurityKeyType } from "../format/signature.js";
import type { Identity } from "./identity.js";
import type { Passphrases } from "./passphrase.js";
import { deviceProblem, parsePrivateKey } from "./private-key.js";
import { publicHalfOf } from "./public-half.js";

/** The text of a private key, and its source. */
interface IdentityText extends Pick<Identity, "source" | "certificates"> {
  /** The key and its source, for messages. */
  readonly name: string;
  readonly data: string | Buffer;
  /** From the file beside it: with it, an encrypted key can be offered before it is decrypted. */
  readonly publicKey: PublicKey | undefined;
}

/**
 * Makes an identity of the text of a private key. An encrypted key is decrypted now only where its public key is unknown.
 * @throws Error of one line with the name, where the key is invalid, or encrypted and the passphrase is wrong
 */
export async function identityOf(text: IdentityText, passphrases: Passphrases): Promise<Identity> {
  const { name, data, source, certificates } = text;
  const half = publicHalfOf(data);
  if (half !== undefined && isSecurityKeyType(half.type)) {
    return lockedIdentity({ publicKey: half, source, certificates, problem: deviceProblem(name) });
  }
  const plain = parsePrivateKey(data, name);
  if ("key" in plain) return opened(plain.key, text);

  const problem = `${name} is encrypted: set the option passphrase, or add the key to the agent with ssh-add`;
  const unlock = async (): Promise<ParsedKey> => {
    if (!passphrases.given) throw new Error(problem);
    const key = await passphrases.open(source, (passphrase) => {
      const parsed = parsePrivateKey(data, name, passphrase);
      return "key" in parsed ? parsed.key : undefined;
    });
    if (key === undefined) throw new Error(`${name} is encrypted: wrong passphrase`);
    return key;
  };
  const publicKey = half ?? text.publicKey;
  if (publicKey === undefined) return opened(await unlock(), text);
  if (!passphrases.given) return lockedIdentity({ publicKey, source, certificates, problem });
  return {
    ...{ publicKey, source, certificates, locked: true },
    sign: async (payload, algorithm) => {
      const key = await unlock();
      if (sameKey(publicKeyOf(key), publicKey)) return makeSignature(key, algorithm, payload);
      throw new Error(`${name} does not match the public key beside it`);
    },
  };
}

/** An identity without its private key: only an agent can sign with it. */
export function lockedIdentity(
  identity: Pick<Required<Identity>, "publicKey" | "source" | "certificates" | "problem">,
): Identity {
  return { ...identity, locked: true, sign: () => Promise.reject(new Error(identity.problem)) };
}

function opened(key: ParsedKey, { source, certificates }: IdentityText): Identity {
  return {
    ...{ publicKey: publicKeyOf(key), source, certificates, locked: false, isOpen: true },
    sign: async (payload, algorithm) => makeSignature(key, algorithm, payload),
  };
}

function publicKeyOf(key: ParsedKey): PublicKey {
  return publicKeyFromBlob(key.getPublicSSH()) as PublicKey;
}
