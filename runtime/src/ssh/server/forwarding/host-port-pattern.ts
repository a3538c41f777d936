import { printable } from "../../../base/printable.js";
import { matchesWildcard } from "../../keys/lists/wildcard.js";

/** `host:port` as permitopen and permitlisten have it (sshd(8)); null stands for any port. */
export interface HostPortPattern {
  readonly host: string;
  readonly port: number | null;
}

/** @throws Error that says what is wrong with `text`; it does not say where `text` stands */
export function parseHostPortPattern(text: string, bareParts: { readonly port: boolean }): HostPortPattern {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5}|\*)$/.exec(text);
  if (match !== null)
    return { host: (match[1] ?? match[2] ?? "").toLowerCase(), port: parsePort(match[3] ?? "", text) };
  if (bareParts.port && /^(\d{1,5}|\*)$/.test(text)) return { host: "*", port: parsePort(text, text) };
  throw new Error(
    `"${printable(text, 60)}" is no host:port${bareParts.port ? ", nor a port" : ""}; an IPv6 address stands in brackets, and * for any`,
  );
}

function parsePort(text: string, whole: string): number | null {
  if (text === "*") return null;
  const port = Number(text);
  if (port <= 65_535) return port;
  throw new Error(`"${printable(whole, 60)}" has the port ${port}; the highest is 65535`);
}

/** Whether a pattern for connections covers a target: `*` is any host, and nothing else is a pattern. */
export function permitsOpen(pattern: HostPortPattern, host: string, port: number): boolean {
  return (pattern.port ?? port) === port && (pattern.host === "*" || pattern.host === host.toLowerCase());
}

/** Whether a pattern for listening covers what a peer asks for: hosts may have wildcards. */
export function permitsListen(pattern: HostPortPattern, host: string, port: number): boolean {
  return (pattern.port ?? port) === port && matchesWildcard(pattern.host, host.toLowerCase());
}
