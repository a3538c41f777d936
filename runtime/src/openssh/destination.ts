import { isIPv6 } from "node:net";
import { RpcError } from "../contract/rpc-error.js";
import { printable } from "../ssh/printable.js";

/** Whom `ssh` is asked for. What is absent, its configuration says. */
export interface Destination {
  readonly user?: string;
  /** A name, an address without brackets, or what a `Host` line of ssh_config(5) calls it. */
  readonly host: string;
  readonly port?: number;
}

/** Names and aliases. ssh_config may pass it to a shell (`ProxyCommand` with `%h`), so nothing that one acts on. */
const HOST = /^[\p{L}\p{N}_][\p{L}\p{N}._-]*$/u;

/** What OpenSSH itself refuses of a user since 9.6, for the same reason, and what it cannot mean. */
const USER = /^(?!-)[^\s\p{C}'"`$;&<>|(){}]*[^\s\p{C}'"`$;&<>|(){}\\]$/u;

/**
 * Reads `edge`, `alice@edge`, `ssh://alice@edge:8022`, `alice@edge:8022` or `[::1]:8022`, and fills nothing in.
 * @throws RpcError `BAD_REQUEST` where it is none, or where a command line or a shell could take it for something else
 */
export function parseDestination(text: string): Destination {
  const isUrl = /^ssh:\/\//i.test(text);
  const body = isUrl ? text.slice("ssh://".length).replace(/\/$/, "") : text;
  // The last @, as ssh does: a user name may contain one.
  const at = body.lastIndexOf("@");
  const user = at === -1 ? undefined : decode(body.slice(0, at), isUrl, text);
  if (user?.includes(":"))
    throw malformed(text.replace(/:[^/@][^@]*@/, ":…@"), "a password in an address is never used");
  if (user !== undefined && !USER.test(user)) throw malformed(text, "the user name is not one");
  return { ...(user !== undefined && { user }), ...parseHostPort(body.slice(at + 1), text) };
}

function parseHostPort(text: string, whole: string): { host: string; port?: number } {
  if (isIPv6(text)) return { host: text };
  const [, bracketed, plain, portText] = /^(?:\[([^[\]]*)\]|([^:]*))(?::(.*))?$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? "";
  if (!(bracketed === undefined ? HOST.test(host) : isIPv6(host))) {
    throw malformed(whole, host === "" ? "it names no host" : "the host is neither a name nor an address");
  }
  if (portText === undefined) return { host };
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : 0;
  if (port < 1 || port > 65_535) throw malformed(whole, "a port is a number from 1 to 65535");
  return { host, port };
}

function decode(user: string, isUrl: boolean, whole: string): string {
  try {
    return isUrl ? decodeURIComponent(user) : user;
  } catch {
    throw malformed(whole, "the user name is not percent-encoded properly");
  }
}

function malformed(text: string, reason: string): RpcError {
  return new RpcError("BAD_REQUEST", `"${printable(text)}" is no destination such as alice@edge for ssh: ${reason}`);
}

/** The destination as an address for messages, such as `ssh://alice@edge:8022` or `ssh://edge`. */
export function formatDestination({ user, host, port }: Destination): string {
  const login = user === undefined ? "" : `${encodeURIComponent(user)}@`;
  return `ssh://${login}${host.includes(":") ? `[${host}]` : host}${port === undefined ? "" : `:${port}`}`;
}
