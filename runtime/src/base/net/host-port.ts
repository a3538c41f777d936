import { isIPv6 } from "node:net";
import { parseInteger } from "./parse-integer.js";

/** Where a server listens by default. */
export const LISTEN_ADDRESS = { host: "127.0.0.1", port: 8022 } as const;

/** The parts of `host:port`; the port is unparsed text. */
interface HostPortParts {
  /** Without brackets; empty if the text begins with the colon. */
  readonly host: string;
  readonly isBracketed: boolean;
  /** What follows the colon; undefined without one. */
  readonly port: string | undefined;
}

/**
 * Splits `host`, `host:port`, `[2001:db8::7]`, `[2001:db8::7]:port` or a bare IPv6 address. Neither part is checked:
 * each caller allows other hosts and ports. Undefined if brackets are unbalanced.
 */
export function splitHostPort(text: string): HostPortParts | undefined {
  if (isIPv6(text)) return { host: text, isBracketed: false, port: undefined };
  const match = /^(?:\[([^[\]]*)\]|([^:[\]]*))(?::(.*))?$/s.exec(text);
  if (match === null) return undefined;
  const [, bracketed, plain = "", port] = match;
  return { host: bracketed ?? plain, isBracketed: bracketed !== undefined, port };
}

/** Whether the host of a rule can be a name, an address or a pattern: a network such as `10.0.0.0/8` cannot. */
export function isRuleHost({ host, isBracketed }: HostPortParts): boolean {
  return (isBracketed ? /^[0-9A-Fa-f:.%]+$/ : /^[^\s:/]+$/).test(host);
}

/** Reads a decimal TCP port from `min` to 65535; undefined if `text` is not one. */
export function readPort(text: string | undefined, min = 0): number | undefined {
  return parseInteger(text, min, 65_535);
}

/** Formats a host and an optional port; an IPv6 address goes into brackets. */
export function formatHostPort(host: string, port?: number): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return port === undefined ? name : `${name}:${port}`;
}

/** The host of an address such as `192.0.2.7:50122`, `[2001:db8::7]:50122` or `2001:db8::7`. */
export function hostOf(address: string): string {
  return splitHostPort(address)?.host ?? address;
}
