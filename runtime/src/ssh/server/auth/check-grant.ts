import { printable } from "../../../base/printable.js";
import type { LoginGrant } from "./login-attempt.js";

/**
 * What a function of somebody else's has granted.
 * @throws Error where it is no grant: it might mean anything then, and lets nobody in
 */
export function checkGrant<Grant extends LoginGrant>(grant: Grant): Grant {
  const { scopes, expires } = (grant ?? {}) as Partial<LoginGrant>;
  if (expires !== undefined && !(typeof expires === "number" && !Number.isNaN(expires))) {
    throw new Error(`what it gave expires at ${printable(String(expires), 60)}: that takes milliseconds since 1970`);
  }
  if (typeof grant === "object" && Array.isArray(scopes) && scopes.every((scope) => typeof scope === "string")) {
    return grant;
  }
  throw new Error("what it gave is no grant: that is { scopes: [...] }, or undefined for none");
}
