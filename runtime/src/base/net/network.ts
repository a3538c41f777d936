import { BlockList, isIP, isIPv4, isIPv6 } from "node:net";
import { parseInteger } from "./parse-integer.js";

/** An address, or a network of them, such as `192.0.2.7`, `10.0.0.0/8` and `2001:db8::/32`. */
export interface Network {
  readonly address: string;
  /** The length of the prefix in bits; for a single address, 32 or 128. */
  readonly prefix: number;
  readonly family: "ipv4" | "ipv6";
}

/**
 * Parses an address or a network in CIDR notation; undefined if `text` is neither.
 * @param shown what messages quote in place of `text`
 * @throws Error of one line, without the location, if host bits are set, as in `10.0.0.5/8`: sshd rejects these too, because
 * a smaller network or a single address may have been meant
 */
export function parseNetwork(text: string, shown = text): Network | undefined {
  const [address = "", length, ...rest] = text.split("/");
  const bits = address.includes("%") ? undefined : { 4: 32, 6: 128 }[isIP(address)];
  if (bits === undefined || rest.length > 0) return undefined;
  const family = bits === 32 ? "ipv4" : "ipv6";
  if (length === undefined) return { address, prefix: bits, family };
  const prefix = parseInteger(length, 0, bits);
  if (prefix === undefined) return undefined;
  const bytes = addressBytes(address);
  const masked = bytes.map((byte, at) => byte & ~(0xff >> Math.max(0, Math.min(8, prefix - at * 8))));
  if (masked.every((byte, at) => byte === bytes[at])) return { address, prefix, family };
  throw new Error(
    `"${shown}" has host bits set: write ${formatAddress(masked)}/${prefix} for the network, or ${address} for the single address`,
  );
}

/** Whether a text looks like an IPv4 address but is invalid, such as `010.0.0.1`: getaddrinfo(3) reads it as 8.0.0.1. */
export function isMalformedIpv4(text: string): boolean {
  return /^\d+(?:\.\d+){3}$/.test(text) && !isIPv4(text);
}

/** A set of addresses and networks. */
export class NetworkSet {
  // One list for each family: a single `BlockList` also matches IPv4 addresses against IPv4-mapped IPv6 networks.
  readonly #lists = { ipv4: new BlockList(), ipv6: new BlockList() };

  /** Adds a network, or a single address. */
  add({ address, prefix, family }: Network): void {
    this.#lists[family].addSubnet(address, prefix, family);
  }

  /** Whether the set contains an address; false for text that is not an address. */
  has(address: string): boolean {
    const family = isIPv4(address) ? "ipv4" : "ipv6";
    return isIP(address) !== 0 && this.#lists[family].check(address, family);
  }
}

/**
 * The canonical text of an address (RFC 5952); an IPv4-mapped IPv6 address becomes IPv4. Other text is returned unchanged.
 */
export function canonicalAddress(text: string): string {
  if (!isIPv6(text)) return text;
  const bytes = addressBytes(text);
  return formatAddress(isMapped(bytes) ? bytes.slice(12) : bytes);
}

/** The IPv4 network of an IPv4-mapped IPv6 network; any other network is returned unchanged. */
export function unmapNetwork(network: Network): Network {
  const { address, prefix, family } = network;
  if (family === "ipv4" || prefix < 96 || !isMapped(addressBytes(address))) return network;
  return { address: canonicalAddress(address), prefix: prefix - 96, family: "ipv4" };
}

/** Formats the 4 or 16 bytes of an address in its canonical text; IPv6 by RFC 5952, without an IPv4 tail. */
export function formatAddress(bytes: Iterable<number>): string {
  const all = [...bytes];
  if (all.length === 4) return all.join(".");
  return canonicalIpv6(
    Buffer.from(all)
      .toString("hex")
      .replace(/.{4}(?!$)/g, "$&:"),
  );
}

/** The eight groups of an IPv6 address, in lower-case hexadecimal digits without leading zeros. */
export function ipv6Groups(address: string): readonly string[] {
  const [head = "", tail] = canonicalIpv6(address).split("::");
  const before = head.split(":").filter(Boolean);
  if (tail === undefined) return before;
  const after = tail.split(":").filter(Boolean);
  return [...before, ...Array<string>(8 - before.length - after.length).fill("0"), ...after];
}

/** The URL parser writes IPv6 by RFC 5952, and an IPv4 tail in hexadecimal digits. */
function canonicalIpv6(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

function addressBytes(address: string): number[] {
  if (isIPv4(address)) return address.split(".").map(Number);
  return ipv6Groups(address)
    .map((group) => Number.parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 0xff]);
}

/** Whether 16 bytes are an IPv4-mapped address (RFC 4291, section 2.5.5.2). */
function isMapped(bytes: readonly number[]): boolean {
  return bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
}
