import { KEY_QUOTAS, type KeyQuotas } from "../../../base/accounts/quotas.js";
import { fieldProblem, type KnownOptions, type OptionTable } from "../../../base/check-options.js";
import { grants, PERMISSIONS_FIELDS, type PeerPermissions } from "../../../base/peer.js";
import { printable } from "../../../base/printable.js";
import { isUserName } from "../../keys/format/user-name.js";
import type { KeyGrant } from "../../keys/lists/key-lookup.js";

/** What a login without a key is granted. */
export type LoginGrant = Omit<KeyGrant, "touchRequired" | "verifyRequired">;

const GRANT_FIELDS = {
  keyName: true,
  principal: true,
  scopes: true,
  expires: true,
  permissions: PERMISSIONS_FIELDS,
  environment: true,
  limits: KEY_QUOTAS,
  touchRequired: true,
  verifyRequired: true,
} satisfies OptionTable<KeyGrant>;

/**
 * Checks the answer of a user's function.
 * @param others fields that an answer may have in place of a grant's, or beside them
 * @throws Error where it is not a grant, or has an unknown field: the attempt is denied then
 */
export function checkGrant<Grant extends LoginGrant>(grant: Grant, others: KnownOptions = {}): Grant {
  const problem = typeof grant === "object" && grant && fieldProblem(grant, { ...GRANT_FIELDS, ...others });
  if (problem) throw new Error(`invalid grant: ${problem}`);
  const { scopes, expires, principal, limits = {} } = (grant ?? {}) as Partial<LoginGrant>;
  for (const [name, value] of Object.entries(limits)) {
    if (value !== undefined && !(Number.isInteger(value) && value > 0)) {
      throw new Error(`invalid grant: limits.${name} is ${printable(String(value), 60)}; it takes an integer from 1`);
    }
  }
  if (principal !== undefined && !(typeof principal === "string" && isUserName(principal))) {
    throw new Error(`invalid grant: principal is ${printable(String(principal), 60)}; it takes a name`);
  }
  if (expires !== undefined && !(typeof expires === "number" && !Number.isNaN(expires))) {
    throw new Error(`invalid grant: expires is ${printable(String(expires), 60)}; it takes milliseconds since 1970`);
  }
  if (typeof grant === "object" && Array.isArray(scopes) && scopes.every((scope) => typeof scope === "string")) {
    return grant;
  }
  throw new Error("invalid grant: expected { scopes: [...] }, or undefined to deny the login");
}

/** The intersection of several grants: only what each of them allows. */
export function commonGrant(all: readonly LoginGrant[]): LoginGrant {
  return all.reduce((one, other) => {
    const expires = Math.min(one.expires ?? Number.POSITIVE_INFINITY, other.expires ?? Number.POSITIVE_INFINITY);
    const keyName = one.keyName ?? other.keyName;
    const principal = one.principal ?? other.principal;
    const permissions = commonPermissions(one.permissions, other.permissions);
    return {
      scopes: [...new Set(commonScopes(one.scopes, other.scopes))],
      ...(keyName !== undefined && { keyName }),
      ...(principal !== undefined && { principal }),
      ...(expires !== Number.POSITIVE_INFINITY && { expires }),
      ...(permissions && { permissions }),
      environment: { ...one.environment, ...other.environment },
      ...((one.limits ?? other.limits) && { limits: commonLimits(one.limits, other.limits) }),
    };
  });
}

/** The scopes that both lists grant, patterns among them. */
export function commonScopes(one: readonly string[], other: readonly string[]): readonly string[] {
  return [...one.filter((scope) => grants(other, scope)), ...other.filter((scope) => grants(one, scope))];
}

/** The lower one of each limit. */
function commonLimits(one: KeyQuotas = {}, other: KeyQuotas = {}): KeyQuotas {
  const lower = (a: number | undefined, b: number | undefined) => (a === undefined ? b : Math.min(a, b ?? a));
  return {
    connections: lower(one.connections, other.connections),
    calls: lower(one.calls, other.calls),
    callbacks: lower(one.callbacks, other.callbacks),
    bytes: lower(one.bytes, other.bytes),
    rate: lower(one.rate, other.rate),
  };
}

function commonPermissions(
  one: PeerPermissions | undefined,
  other: PeerPermissions | undefined,
): PeerPermissions | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const permitOpen = commonList(one.permitOpen, other.permitOpen);
  const permitListen = commonList(one.permitListen, other.permitListen);
  return {
    pty: one.pty && other.pty,
    portForwarding: one.portForwarding && other.portForwarding,
    ...(permitOpen && { permitOpen }),
    ...(permitListen && { permitListen }),
  };
}

function commonList(one: readonly string[] | undefined, other: readonly string[] | undefined) {
  return one && other ? one.filter((entry) => other.includes(entry)) : (one ?? other);
}
