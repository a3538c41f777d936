import { hostOf } from "../../../base/net/host-port.js";
import { printable } from "../../../base/printable.js";
import type { AuthorizedKey } from "./authorized-keys.js";
import type { KeyAnswer, KeyAttempt, KeyAuthority } from "./key-lookup.js";

/**
 * The answer of a list to a login attempt: the grant of the first line that lists the key and whose restrictions allow the
 * attempt. Where none allows it, the reason of the first.
 */
export function answerAttempt(keys: readonly AuthorizedKey[], attempt: KeyAttempt): KeyAnswer {
  const entries = keys.filter((entry) => !entry.isAuthority && isSame(entry, attempt));
  const allowed = entries.find((entry) => restriction(entry, attempt) === undefined);
  if (allowed !== undefined) return { ...allowed.grant, ...(allowed.users && { principal: attempt.user }) };
  const denied = entries[0] && restriction(entries[0], attempt);
  return denied === undefined ? undefined : { deny: denied };
}

/** The lines that list the key of an attempt as an authority, and whose restrictions allow the attempt. */
export function authoritiesFor(keys: readonly AuthorizedKey[], attempt: KeyAttempt): readonly KeyAuthority[] {
  return keys
    .filter((entry) => entry.isAuthority && isSame(entry, attempt) && restriction(entry, attempt) === undefined)
    .map(({ grant }) => grant);
}

/** Not in constant time: public keys are not secret. */
function isSame({ key }: AuthorizedKey, attempt: KeyAttempt): boolean {
  return key.fingerprint === attempt.key.fingerprint;
}

/** Why the options of a line deny an attempt; undefined where they allow it. */
function restriction({ grant, from, users, place }: AuthorizedKey, { address, user }: KeyAttempt): string | undefined {
  if (grant.expires !== undefined && Date.now() > grant.expires) {
    return `the key expired at ${new Date(grant.expires).toISOString()} (${place})`;
  }
  if (from !== undefined && !from.allows(hostOf(address))) {
    return `the source address is not in from="${printable(String(from))}" (${place})`;
  }
  if (users?.includes(user) === false) {
    return `the user name is not in users="${printable(users.join())}" (${place})`;
  }
  return undefined;
}
