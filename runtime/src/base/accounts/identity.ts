import { isIPv6 } from "node:net";
import { hostOf } from "../net/host-port.js";
import { canonicalAddress, ipv6Groups } from "../net/network.js";
import type { Peer } from "../peer.js";

/**
 * The identity whose connections share an account: what the login has proven. A certificate is its key id, or else its principal,
 * under its authority, because each login may have a new key; a login without proof is its address. A peer without a network
 * connection, as in memory, is the only one of its kind.
 */
export function identityOf({ certificate, fingerprint, authMethods = [], principal, user, address }: Peer): string {
  if (certificate !== undefined) {
    const { authority, keyId, principals } = certificate;
    return `certificate ${authority} ${keyId || (principal ?? principals.join())}`;
  }
  if (fingerprint !== undefined) return `key ${fingerprint}`;
  if (authMethods.some((method) => method !== "none")) return `user ${principal ?? user}`;
  return address === undefined ? "local" : `address ${siteOf(hostOf(address))}`;
}

/** An address; of IPv6 its /64 network, which one site has for itself. */
function siteOf(host: string): string {
  const address = canonicalAddress(host.replace(/%.*$/, ""));
  return isIPv6(address) ? ipv6Groups(address).slice(0, 4).join(":") : address;
}
