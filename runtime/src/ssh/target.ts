import { isIPv6 } from "node:net";
import { userInfo } from "node:os";
import { formatHostPort, readPort, splitHostPort } from "../base/host-port.js";
import { printable } from "../base/printable.js";
import { RpcError } from "../contract/rpc-error.js";

/** Whom to dial, and as whom to log in. */
export interface Target {
  readonly user: string;
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** A target as it was written: what it does not say is for ~/.ssh/config, or the defaults, to say. */
export interface Address {
  readonly user?: string;
  readonly host: string;
  readonly port?: number;
}

/** The port of an address that names none, as every SSH tool reads it. An sshrpc server itself listens at 8022. */
const DEFAULT_PORT = 22;

const HOST = /^[\p{L}\p{N}_](?:[\p{L}\p{N}._-]*)$/u;

/** The target of an address: its user is the one that runs this process, its port 22, where it does not say. */
export function toTarget({ user = userInfo().username, host, port = DEFAULT_PORT }: Address): Target {
  return { user, host, port };
}

/**
 * Reads `ssh://user@host:port`, `user@host:port`, `host`, `[::1]:8022` or `::1`.
 * @throws RpcError `BAD_REQUEST`, where it is no such address: no retry can help.
 */
export function parseAddress(text: string): Address {
  const [, scheme] = /^([a-z][a-z\d+.-]*):\/\//i.exec(text) ?? [];
  const isUrl = scheme?.toLowerCase() === "ssh";
  if (scheme !== undefined && !isUrl)
    throw malformed(`${scheme}://…`, "it begins with ssh://, or with no scheme at all");
  const body = isUrl ? text.slice("ssh://".length).replace(/\/$/, "") : text;
  // The last @, as ssh does: a user name may contain one.
  const at = body.lastIndexOf("@");
  const hostPort = parseHostPort(body.slice(at + 1), text);
  if (at === -1) return hostPort;
  const login = body.slice(0, at);
  if (login.includes(":")) {
    throw malformed(login.replace(/:.*/s, ":…"), "a password in an address is never used; log in with a key");
  }
  const user = isUrl ? decode(login, text) : login;
  // A leading dash could be taken for an option wherever the name reaches a command line.
  if (user === "" || user.startsWith("-") || /[\p{C}\s]/u.test(user)) throw malformed(text, "the user name is not one");
  return { user, ...hostPort };
}

function parseHostPort(text: string, whole: string): { host: string; port?: number } {
  const { host, isBracketed, port: portText } = splitHostPort(text) ?? { host: text };
  const isHost = isIPv6(host) || (!isBracketed && HOST.test(host));
  if (!isHost)
    throw malformed(whole, host === "" ? "the host is missing" : "the host is neither a name nor an address");
  if (portText === undefined) return { host };
  const port = readPort(portText, 1);
  if (port === undefined) throw malformed(whole, "a port is a number from 1 to 65535");
  return { host, port };
}

function decode(text: string, whole: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw malformed(whole, "the user name is not percent-encoded properly");
  }
}

function malformed(text: string, reason: string): RpcError {
  return new RpcError("BAD_REQUEST", `"${printable(text)}" is no address such as ssh://user@host:8022: ${reason}`);
}

/** The target as an address, such as `ssh://alice@edge:8022` or `ssh://alice@[::1]:8022`. */
export function formatTarget(target: Target): string {
  return `ssh://${encodeURIComponent(target.user)}@${formatHostPort(target.host, target.port)}`;
}
