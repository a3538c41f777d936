import ssh2, { type PublicKeyAuthContext } from "ssh2";
import type { Peer } from "../../peer.js";
import type { KeyAnswer, KeyAttempt, KeyGrant, KeyLookup } from "../keys/key-lookup.js";
import { isCertificateType, KEY_TYPES, type PublicKey, publicKeyFromBlob, publicKeyLine } from "../keys/public-key.js";
import { printable } from "../printable.js";

/** What a server makes of one attempt to log in with a key (RFC 4252, section 7). */
export type KeyDecision =
  /** Not let in. The reason is for the log alone. */
  | { readonly outcome: "refused"; readonly reason: string; readonly key?: PublicKey }
  /** The key was only offered, and would do. It proves nothing yet. */
  | { readonly outcome: "would do" }
  /** The key signed this very session and user name: this is who it is. */
  | { readonly outcome: "proven"; readonly peer: Peer };

/** Decides on one attempt; it never rejects. ssh2 checks nothing of this by itself, least of all the signature. */
export async function decidePublicKey(
  context: PublicKeyAuthContext,
  lookup: KeyLookup,
  address: string,
): Promise<KeyDecision> {
  const { algo, data } = context.key as { algo?: string; data?: Buffer };
  // A copy, for ssh2 may reuse the memory while the look-up waits.
  const key = data === undefined ? undefined : publicKeyFromBlob(Buffer.from(data));
  if (isCertificateType(algo ?? "") || isCertificateType(key?.type ?? "")) {
    return refused("certificates are not supported", key);
  }
  if (key === undefined) return refused("the key is damaged");
  if (!/^\P{C}{1,256}$/u.test(context.username)) return refused("the user name is not one", key);
  if (key.type !== algo || !KEY_TYPES.includes(key.type)) {
    return refused(`the algorithm ${printable(String(algo), 60)} does not fit the key`, key);
  }
  if (key.type === "ssh-rsa" && context.hashAlgo !== "sha256" && context.hashAlgo !== "sha512") {
    return refused("an RSA key with SHA-1: the client must use rsa-sha2-256 or rsa-sha2-512", key);
  }

  const attempt: KeyAttempt = { user: context.username, key, address };
  let grant: KeyAnswer;
  try {
    grant = await lookup(attempt);
  } catch (error) {
    return refused(`the look-up of the key failed: ${printable((error as Error)?.message ?? String(error))}`, key);
  }
  if (grant === undefined) return refused("the key is not listed", key);
  if ("refused" in grant) return refused(grant.refused, key);
  if (context.signature === undefined) return { outcome: "would do" };
  if (!isSigned(context, key)) return refused("the signature is wrong", key);
  return { outcome: "proven", peer: toPeer(attempt, grant) };
}

function refused(reason: string, key?: PublicKey): KeyDecision {
  return { outcome: "refused", reason, ...(key === undefined ? {} : { key }) };
}

function isSigned({ signature, blob, hashAlgo }: PublicKeyAuthContext, key: PublicKey): boolean {
  try {
    const parsed = ssh2.utils.parseKey(publicKeyLine(key));
    if (parsed instanceof Error || signature === undefined || blob === undefined) return false;
    // Nothing but true will do: for a signature or key that cannot be used, ssh2 returns an Error, which is truthy.
    return parsed.verify(blob, signature, hashAlgo) === true;
  } catch {
    return false;
  }
}

function toPeer({ user, key, address }: KeyAttempt, { keyName, scopes }: KeyGrant): Peer {
  return { user, fingerprint: key.fingerprint, ...(keyName === undefined ? {} : { keyName }), scopes, address };
}
