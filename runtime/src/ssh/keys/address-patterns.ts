import { BlockList, isIP } from "node:net";
import { printable } from "../printable.js";
import { matchesWildcard } from "./wildcard.js";

/** One entry of a list: whether an address is what it means. */
interface Entry {
  readonly negated: boolean;
  readonly covers: (address: string, family: "ipv4" | "ipv6") => boolean;
}

/**
 * A comma list of source addresses, as the option `from` of sshd(8) has it: addresses, networks such as
 * `192.0.2.0/24` or `2001:db8::/32`, and wildcards such as `192.0.2.*`; `!` before one excludes what it means, whatever
 * the others say. Names of hosts are never looked up, as in sshd by default (`UseDNS no`).
 */
export class AddressPatterns {
  /** Entries that are names of hosts, and match nobody. */
  readonly names: readonly string[];
  readonly #text: string;
  readonly #entries: readonly Entry[];

  /**
   * @throws Error of one line without the place, where an entry is malformed, or would exclude a host by its name, which
   * cannot be kept
   */
  constructor(list: string) {
    const texts = list.split(",");
    this.#text = list;
    this.#entries = texts.map(parseEntry);
    this.names = texts.filter((text) => !isAddressPattern(text));
  }

  /** Whether a connection from `address`, such as `192.0.2.7` or `2001:db8::1`, is within the list. */
  allows(address: string): boolean {
    const plain = address.toLowerCase().replace(/%.*$/s, "");
    const family = ({ 4: "ipv4", 6: "ipv6" } as const)[isIP(plain)];
    if (family === undefined) return false;
    const matching = this.#entries.filter((entry) => entry.covers(plain, family));
    return matching.length > 0 && matching.every((entry) => !entry.negated);
  }

  /** As it was written. */
  toString(): string {
    return this.#text;
  }
}

function parseEntry(text: string): Entry {
  const negated = text.startsWith("!");
  const body = (negated ? text.slice(1) : text).toLowerCase();
  if (negated && !isAddressPattern(body)) {
    throw new Error(
      `"${printable(text, 60)}" excludes a host by its name, and names are not looked up: use its address`,
    );
  }
  const [network = "", length, ...more] = body.split("/");
  const bits = { 4: 32, 6: 128 }[isIP(network)];
  if (bits === undefined && /^[^\s/]+$/.test(body)) {
    return { negated, covers: (address) => matchesWildcard(body, address) };
  }
  const prefix = length === undefined ? bits : /^\d{1,3}$/.test(length) ? Number(length) : undefined;
  if (bits === undefined || prefix === undefined || prefix > bits || more.length > 0) {
    throw new Error(`"${printable(text, 60)}" is no address, network or pattern such as 192.0.2.0/24 or 192.0.2.*`);
  }
  const type = bits === 32 ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(network, prefix, type);
  if (!isAligned(network, prefix, type)) {
    throw new Error(
      `"${printable(text, 60)}" names an address inside of its network: ${prefix} bits are too few for it`,
    );
  }
  return { negated, covers: (address, family) => family === type && list.check(address, family) };
}

/** Whether the bits behind the prefix are zero. sshd refuses such a list too; another network may have been meant. */
function isAligned(network: string, prefix: number, type: "ipv4" | "ipv6"): boolean {
  const bytes = type === "ipv4" ? network.split(".").map(Number) : ipv6Bytes(network);
  return bytes.every((byte, at) => (byte & (0xff >> Math.max(0, Math.min(8, prefix - at * 8)))) === 0);
}

/** The URL parser writes an address with an IPv4 tail or many zeros in one form, that without a dot. */
function ipv6Bytes(address: string): number[] {
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const groups = (text: string): number[] =>
    text
      .split(":")
      .filter(Boolean)
      .map((group) => Number.parseInt(group, 16));
  const [before, after] = [groups(head), groups(tail ?? "")];
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array<number>(zeros).fill(0), ...after].flatMap((group) => [group >> 8, group & 0xff]);
}

/** Whether an entry can mean addresses, and no name: it has digits of either family and wildcards alone. */
function isAddressPattern(text: string): boolean {
  return /^!?[0-9a-f:.*?/]*$/i.test(text);
}
