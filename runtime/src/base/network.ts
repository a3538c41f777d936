import { isIP } from "node:net";

/** An address, or a network of them, such as `192.0.2.7`, `10.0.0.0/8` and `2001:db8::/32`. */
export interface Network {
  readonly address: string;
  /** How many bits all its addresses have in common: for a single address, all of them. */
  readonly prefix: number;
  readonly family: "ipv4" | "ipv6";
}

/**
 * Reads an address or a network; undefined where `text` is neither.
 * @param shown what messages call it
 * @throws Error of one line without the place, for an address within a network, such as `10.0.0.5/8`: sshd refuses it too,
 * for a smaller network or a single address may have been meant
 */
export function parseNetwork(text: string, shown = text): Network | undefined {
  const [address = "", length, ...rest] = text.split("/");
  const bits = address.includes("%") ? undefined : { 4: 32, 6: 128 }[isIP(address)];
  if (bits === undefined || rest.length > 0) return undefined;
  if (length === undefined) return { address, prefix: bits, family: familyOf(bits) };
  const prefix = /^\d{1,3}$/.test(length) ? Number(length) : -1;
  if (prefix < 0 || prefix > bits) return undefined;
  const first = firstAddress(address, prefix);
  if (first !== undefined) {
    throw new Error(
      `"${shown}" is an address within a network: write ${first}/${prefix} for the network, or ${address} for the address alone`,
    );
  }
  return { address, prefix, family: familyOf(bits) };
}

function familyOf(bits: number): Network["family"] {
  return bits === 32 ? "ipv4" : "ipv6";
}

/** The address that a network begins with, where `address` is another one. */
function firstAddress(address: string, prefix: number): string | undefined {
  const bytes = isIP(address) === 4 ? address.split(".").map(Number) : ipv6Bytes(address);
  const masked = bytes.map((byte, at) => byte & ~(0xff >> Math.max(0, Math.min(8, prefix - at * 8))));
  if (masked.every((byte, at) => byte === bytes[at])) return undefined;
  return bytes.length === 4 ? masked.join(".") : ipv6Text(masked);
}

/** The URL parser writes an address with an IPv4 tail or many zeros in one form, that without a dot. */
function canonical(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

function ipv6Bytes(address: string): number[] {
  const [head = "", tail] = canonical(address).split("::");
  const groups = (text: string): number[] =>
    text
      .split(":")
      .filter(Boolean)
      .map((group) => Number.parseInt(group, 16));
  const [before, after] = [groups(head), groups(tail ?? "")];
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array<number>(zeros).fill(0), ...after].flatMap((group) => [group >> 8, group & 0xff]);
}

function ipv6Text(bytes: readonly number[]): string {
  const hex = Buffer.from(bytes).toString("hex");
  return canonical(hex.replace(/.{4}(?!$)/g, "$&:"));
}
