import type { LoginGrant } from "./login-attempt.js";

/**
 * What a function of somebody else's has granted.
 * @throws Error where it is no grant: it might mean anything then, and lets nobody in
 */
export function checkGrant<Grant extends LoginGrant>(grant: Grant): Grant {
  const { scopes } = (grant ?? {}) as Partial<LoginGrant>;
  if (typeof grant === "object" && Array.isArray(scopes) && scopes.every((scope) => typeof scope === "string")) {
    return grant;
  }
  throw new Error("what it gave is no grant: that is { scopes: [...] }, or undefined for none");
}
