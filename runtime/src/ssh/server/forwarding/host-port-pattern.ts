import { isRuleHost, readPort, splitHostPort } from "../../../base/net/host-port.js";
import { printable } from "../../../base/printable.js";
import { matchesWildcard } from "../../keys/lists/wildcard.js";

/** `host:port` as in permitopen and permitlisten of sshd(8); a port of null matches every port. */
interface HostPortPattern {
  readonly host: string;
  readonly port: number | null;
}

/** @throws Error with the text and the accepted forms; the caller adds where the text is */
export function parseHostPortPattern(text: string, bareParts: { readonly port: boolean }): HostPortPattern {
  const isPort = bareParts.port && /^(\d+|\*)$/.test(text);
  const parts = isPort ? { host: "*", isBracketed: false, port: text } : splitHostPort(text);
  const port = parts?.port === "*" ? null : readPort(parts?.port);
  if (parts !== undefined && isRuleHost(parts) && port !== undefined) return { host: parts.host.toLowerCase(), port };
  const forms = bareParts.port ? "host:port or a port" : "host:port";
  throw new Error(
    `"${printable(text, 60)}" is not ${forms}, with a port from 0 to 65535 or *; write an IPv6 address in brackets; networks are not supported`,
  );
}

/** Whether a pattern for connections matches a target: the host is compared as it is, or `*`. */
export function permitsOpen(pattern: HostPortPattern, host: string, port: number): boolean {
  return (pattern.port ?? port) === port && (pattern.host === "*" || pattern.host === host.toLowerCase());
}

/** Whether a pattern for listeners matches a request: the host may have wildcards. */
export function permitsListen(pattern: HostPortPattern, host: string, port: number): boolean {
  return (pattern.port ?? port) === port && matchesWildcard(pattern.host, host.toLowerCase());
}
