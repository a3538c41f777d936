import type { PeerPermissions } from "../../../base/peer.js";
import { commonScopes } from "./certificate.js";
import type { LoginGrant } from "./login-attempt.js";

/** What several grants leave: what each of them allows. */
export function commonGrant(grants: readonly LoginGrant[]): LoginGrant {
  return grants.reduce((all, next) => {
    const expires = Math.min(all.expires ?? Number.POSITIVE_INFINITY, next.expires ?? Number.POSITIVE_INFINITY);
    const keyName = all.keyName ?? next.keyName;
    const permissions = commonPermits(all.permissions, next.permissions);
    return {
      scopes: [...new Set(commonScopes(all.scopes, next.scopes))],
      ...(keyName !== undefined && { keyName }),
      ...(expires !== Number.POSITIVE_INFINITY && { expires }),
      ...(permissions && { permissions }),
      environment: { ...all.environment, ...next.environment },
    };
  });
}

function commonPermits(
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
