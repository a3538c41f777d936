import { hostOf } from "../../../base/host-port.js";
import { printable } from "../../../base/printable.js";
import type { AuthorizedKey } from "./authorized-keys.js";
import type { KeyAnswer, KeyAttempt, KeyAuthority } from "./key-lookup.js";

/**
 * What a list gives to a key that asks to log in: the first of its lines whose limits allow it counts. Where none does,
 * the reason of the first.
 */
export function answerAttempt(keys: readonly AuthorizedKey[], attempt: KeyAttempt): KeyAnswer {
  const entries = keys.filter((entry) => !entry.isAuthority && isSame(entry, attempt));
  const allowed = entries.find((entry) => refusal(entry, attempt) === undefined);
  if (allowed !== undefined) return allowed.grant;
  const refused = entries[0] && refusal(entries[0], attempt);
  return refused === undefined ? undefined : { deny: refused };
}

/** The lines that list the key of an attempt as an authority, as far as their limits allow it. */
export function authoritiesFor(keys: readonly AuthorizedKey[], attempt: KeyAttempt): readonly KeyAuthority[] {
  return keys
    .filter((entry) => entry.isAuthority && isSame(entry, attempt) && refusal(entry, attempt) === undefined)
    .map(({ grant }) => grant);
}

/** Nobody learns anything from how long this takes: keys are public, and who offers one has it. */
function isSame({ key }: AuthorizedKey, attempt: KeyAttempt): boolean {
  return key.fingerprint === attempt.key.fingerprint;
}

function refusal({ grant, from, place }: AuthorizedKey, { address }: KeyAttempt): string | undefined {
  if (grant.expires !== undefined && Date.now() > grant.expires) {
    return `the key expired at ${new Date(grant.expires).toISOString()} (${place})`;
  }
  if (from !== undefined && !from.allows(hostOf(address))) {
    return `the key may not come from there, only from="${printable(String(from))}" (${place})`;
  }
  return undefined;
}
