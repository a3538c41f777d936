import { isIPv4, isIPv6 } from "node:net";

/** Where a connection comes from, at three distances. */
export interface Source {
  /** The address itself, such as `192.0.2.7` or `2001:db8::7`. */
  readonly address: string;
  /** Who it stands for: an IPv4 address, or the /64 network that one IPv6 site has for itself. */
  readonly host: string;
  /** Who its neighbours are: the /24 of an IPv4 address, the /48 of an IPv6 one. */
  readonly network: string;
}

/** The source that an address stands for. An IPv4 address that IPv6 sockets see is an IPv4 address. */
export function sourceOf(remoteAddress: string): Source {
  const address = plainAddress(remoteAddress.replace(/%.*$/, ""));
  if (isIPv4(address)) return { address, host: address, network: `${address.split(".").slice(0, 3).join(".")}.0/24` };
  if (!isIPv6(address)) return { address, host: address, network: address };
  const groups = ipv6Groups(address);
  const prefix = (count: number) => groups.slice(0, count).join(":");
  return { address, host: `${prefix(4)}::/64`, network: `${prefix(3)}::/48` };
}

/** The one way to write an address: proxies have others, and an IPv4 address is one also in the digits of IPv6. */
function plainAddress(text: string): string {
  if (!isIPv6(text)) return text;
  const address = new URL(`http://[${text}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address) ?? [];
  if (high === undefined || low === undefined) return address;
  return [high, low]
    .map((group) => Number.parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 0xff])
    .join(".");
}

/** The eight groups of an IPv6 address that is written in that way. */
function ipv6Groups(address: string): readonly string[] {
  const [head = "", tail] = address.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0");
  return [...before, ...(tail === undefined ? [] : zeros), ...after];
}
