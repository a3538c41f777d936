import { isIPv4, isIPv6 } from "node:net";
import { canonicalAddress, ipv6Groups } from "../../base/net/network.js";

/** The source of a connection: its address, and the groups of addresses that limits and penalties apply to. */
export interface Source {
  /** The address itself, such as `192.0.2.7` or `2001:db8::7`. */
  readonly address: string;
  /** The host behind it: an IPv4 address, or the /64 network that one IPv6 site has for itself. */
  readonly host: string;
  /** The network around it: the /24 of an IPv4 address, the /48 of an IPv6 one. */
  readonly network: string;
}

/** The source with this address. An IPv4-mapped IPv6 address is an IPv4 address. */
export function sourceOf(remoteAddress: string): Source {
  const address = canonicalIp(remoteAddress);
  if (isIPv4(address)) return { address, host: address, network: `${address.split(".").slice(0, 3).join(".")}.0/24` };
  if (!isIPv6(address)) return { address, host: address, network: address };
  const groups = ipv6Groups(address);
  const prefix = (count: number) => groups.slice(0, count).join(":");
  return { address, host: `${prefix(4)}::/64`, network: `${prefix(3)}::/48` };
}

/** The canonical text of an address, without a zone. */
export function canonicalIp(address: string): string {
  return canonicalAddress(address.replace(/%.*$/, ""));
}
