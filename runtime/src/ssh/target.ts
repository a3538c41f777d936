import { isIPv6 } from "node:net";
import { userInfo } from "node:os";
import { formatHostPort, readPort, splitHostPort } from "../base/net/host-port.js";
import { isMalformedIpv4 } from "../base/net/network.js";
import { printable } from "../base/printable.js";
import { SshError } from "./ssh-error.js";

/** The host and port to connect to, and the user to log in as. */
export interface Target {
  readonly user: string;
  /** A host name or an IP address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** A parsed address; absent parts come from ~/.ssh/config or the defaults. */
export interface Address {
  readonly user?: string;
  readonly host: string;
  readonly port?: number;
}

/** The default port of every SSH tool. An sshrpc server listens on 8022. */
const DEFAULT_PORT = 22;

const HOST = /^[\p{L}\p{N}_](?:[\p{L}\p{N}._-]*)$/u;

/** The target of an address; the user defaults to that of this process, the port to 22. */
export function toTarget({ user = userInfo().username, host, port = DEFAULT_PORT }: Address): Target {
  return { user, host, port };
}

/**
 * Parses `ssh://user@host:port`, `user@host:port`, `host`, `[::1]:8022` or `::1`.
 * @throws SshError `bad-request` for any other text: a retry cannot help.
 */
export function parseAddress(text: string): Address {
  const [, scheme] = /^([a-z][a-z\d+.-]*):\/\//i.exec(text) ?? [];
  const isUrl = scheme?.toLowerCase() === "ssh";
  if (scheme !== undefined && !isUrl) throw malformed(`${scheme}://…`, "the scheme must be ssh:// or absent");
  const body = isUrl ? text.slice("ssh://".length).replace(/\/$/, "") : text;
  // The last @, as in ssh: a user name may contain one.
  const at = body.lastIndexOf("@");
  const hostPort = parseHostPort(body.slice(at + 1), text);
  if (at === -1) return hostPort;
  const login = body.slice(0, at);
  if (login.includes(":")) {
    throw malformed(login.replace(/:.*/s, ":…"), "a password in an address is never used; authenticate with a key");
  }
  const user = isUrl ? decode(login, text) : login;
  // A command line would read a leading dash as an option.
  if (user === "" || user.startsWith("-") || /[\p{C}\s]/u.test(user)) throw malformed(text, "invalid user name");
  return { user, ...hostPort };
}

function parseHostPort(text: string, whole: string): { host: string; port?: number } {
  const { host: written, isBracketed, port: portText } = splitHostPort(text) ?? { host: text };
  // The zone of a link-local address, as URLs write it (RFC 6874): [fe80::1%25eth0].
  const host = isBracketed ? written.replace(/%25(?=.)/, "%") : written;
  const isHost = isIPv6(host) || (!isBracketed && HOST.test(host) && !isMalformedIpv4(host));
  if (!isHost)
    throw malformed(whole, host === "" ? "the host is missing" : "the host is neither a name nor an address");
  if (portText === undefined) return { host };
  const port = readPort(portText, 1);
  if (port === undefined) throw malformed(whole, "the port must be a number from 1 to 65535");
  return { host, port };
}

function decode(text: string, whole: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw malformed(whole, "invalid percent-encoding in the user name");
  }
}

function malformed(text: string, reason: string): SshError {
  return new SshError(
    "bad-request",
    `invalid address "${printable(text)}": ${reason}; write an address such as ssh://user@host:8022`,
  );
}

/** Formats a target as an address, such as `ssh://alice@edge:8022` or `ssh://alice@[::1]:8022`. */
export function formatTarget(target: Target): string {
  return `ssh://${encodeURIComponent(target.user)}@${formatHostPort(target.host, target.port)}`;
}
