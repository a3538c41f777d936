import { errorMessage } from "../../../base/error-message.js";
import { isRuleHost, readPort, splitHostPort } from "../../../base/net/host-port.js";
import { isScope, type PeerPermissions } from "../../../base/peer.js";
import { printable } from "../../../base/printable.js";
import { parseExpiryTime } from "../format/expiry-time.js";
import { isUserName } from "../format/user-name.js";
import { AddressPatterns } from "./address-patterns.js";
import { parseLimits } from "./key-limits.js";
import type { KeyAuthority } from "./key-lookup.js";

/** The options of one line of authorized_keys. */
interface KeyOptions {
  /** The grant of the key, without its name. */
  readonly grant: Omit<KeyAuthority, "keyName">;
  /** Whether the key is an authority for certificates (`cert-authority`), not a login key. */
  readonly isAuthority: boolean;
  /** The allowed source addresses; absent for all. */
  readonly from?: AddressPatterns;
  /** The user names that the key may log in under; absent for any. */
  readonly users?: readonly string[];
  /** Ignored options that leave the line valid, one warning each. */
  readonly warnings: readonly string[];
}

/** The state of parsing one line. */
interface Reading {
  readonly seen: Set<string>;
  readonly warnings: string[];
  readonly grant: { -readonly [Name in keyof KeyOptions["grant"]]: KeyOptions["grant"][Name] };
  readonly environment: Map<string, string>;
  permissions: PeerPermissions | undefined;
  from: AddressPatterns | undefined;
  users: readonly string[] | undefined;
  isAuthority: boolean;
}

/** Bounds the variables of a hostile file. */
const MAX_ENVIRONMENT = 64;

const UNRESTRICTED: PeerPermissions = { pty: true, portForwarding: true };

/** Options without a value; those of the second table may have the prefix `no-`. */
const FLAGS: Readonly<Record<string, (reading: Reading) => void>> = {
  "cert-authority": (reading) => {
    reading.isAuthority = true;
  },
  restrict: (reading) => permit(reading, { pty: false, portForwarding: false }),
};
const SWITCHES: Readonly<Record<string, (reading: Reading, on: boolean) => void>> = {
  pty: (reading, on) => permit(reading, { pty: on }),
  "port-forwarding": (reading, on) => permit(reading, { portForwarding: on }),
  "touch-required": ({ grant }, on) => {
    grant.touchRequired = on;
  },
  "verify-required": ({ grant }, on) => {
    grant.verifyRequired = on;
  },
  // These are never granted here.
  "agent-forwarding": () => {},
  "x11-forwarding": () => {},
  "user-rc": () => {},
};

/** Options with a value; those of the second table may repeat. */
const VALUES: Readonly<Record<string, (reading: Reading, value: string) => void>> = {
  scopes: ({ grant }, value) => {
    grant.scopes = parseScopes(value);
  },
  from: (reading, value) => {
    reading.from = new AddressPatterns(value);
    for (const name of reading.from.names) {
      reading.warnings.push(
        `from: the host name ${printable(name, 60)} never matches, since names are not resolved; use its address`,
      );
    }
  },
  users: (reading, value) => {
    reading.users = parseUsers(value);
  },
  limits: ({ grant }, value) => {
    grant.limits = parseLimits(value);
  },
  principals: ({ grant }, value) => {
    grant.principals = value.split(",");
  },
  command: ({ warnings }) =>
    void warnings.push("the option command is ignored: this server does not run commands of keys"),
};
const LISTED: Readonly<Record<string, (reading: Reading, value: string) => void>> = {
  "expiry-time": ({ grant }, value) => {
    grant.expires = Math.min(parseExpiryTime(value), grant.expires ?? Number.POSITIVE_INFINITY);
  },
  permitopen: (reading, value) => {
    const { permitOpen = [] } = reading.permissions ?? {};
    permit(reading, { permitOpen: [...permitOpen, parseHostAndPort(value)] });
  },
  permitlisten: (reading, value) => {
    const { permitListen = [] } = reading.permissions ?? {};
    permit(reading, { permitListen: [...permitListen, parseHostAndPort(value.includes(":") ? value : `*:${value}`)] });
  },
  environment: addEnvironment,
  // This server never opens tunnels.
  tunnel: (_, value) => {
    if (!/^(?:any|\d{1,9})$/i.test(value)) throw new Error(`invalid tunnel device "${printable(value, 40)}"`);
  },
};

/** The options of a line without any. */
export const NO_OPTIONS: KeyOptions = { grant: { scopes: [] }, isAuthority: false, warnings: [] };

/**
 * Splits a line that starts with options at the first space or tab outside double quotes.
 * @throws Error of one line for an unclosed quote
 */
export function splitOptions(line: string): { readonly options: string; readonly rest: string } {
  const [options = ""] = /^(?:\\"|"(?:\\"|\\(?!")|[^"\\])*"|\\(?!")|[^"\\ \t])*/.exec(line) ?? [];
  if (line[options.length] === '"') throw new Error(`unclosed quote: ${printable(line.slice(options.length), 40)}`);
  return { options, rest: line.slice(options.length).replace(/^[ \t]+/, "") };
}

/**
 * Parses options as in sshd(8), AUTHORIZED_KEYS FILE FORMAT: separated by commas, names in either case, `\"` for a quote in a value,
 * and no other escapes. In addition to the options of sshd there are `scopes`, `users` and `limits`.
 * @throws Error of one line for an invalid or unknown option: a key is never accepted without an intended restriction
 */
export function parseKeyOptions(text: string): KeyOptions {
  const reading: Reading = {
    seen: new Set(),
    warnings: [],
    grant: { scopes: [] },
    environment: new Map(),
    permissions: undefined,
    from: undefined,
    users: undefined,
    isAuthority: false,
  };
  const pattern = /([^=",]+)(?:="((?:\\"|\\(?!")|[^"\\])*)")?(,|$)/y;
  for (;;) {
    const at = pattern.lastIndex;
    const [, name = "", value, end] = pattern.exec(text) ?? [];
    if (end === undefined) throw new Error(`neither a key nor options: ${printable(text.slice(at), 40)}`);
    readOption(reading, name.toLowerCase(), value?.replaceAll('\\"', '"'));
    if (end !== ",") break;
  }
  const { grant, environment, permissions, from, users, isAuthority, warnings } = reading;
  if (grant.principals !== undefined && !isAuthority) {
    throw new Error("the option principals requires the option cert-authority");
  }
  if (users !== undefined && isAuthority) {
    throw new Error("the option users is for keys; principals limits the names in the certificates of an authority");
  }
  return {
    grant: {
      ...grant,
      ...(permissions !== undefined && { permissions }),
      ...(environment.size > 0 && { environment: Object.fromEntries(environment) }),
    },
    isAuthority,
    ...(from !== undefined && { from }),
    ...(users !== undefined && { users }),
    warnings,
  };
}

function readOption(reading: Reading, name: string, value: string | undefined): void {
  const shown = printable(name, 40);
  if (value === undefined) {
    const turn = own(SWITCHES, name.replace(/^no-/, ""));
    const flag = own(FLAGS, name);
    if (flag !== undefined) flag(reading);
    else if (turn !== undefined) turn(reading, !name.startsWith("no-"));
    else if (own(VALUES, name) ?? own(LISTED, name))
      throw new Error(`the option ${shown} requires a value: ${shown}="…"`);
    else throw unknown(shown);
    return;
  }
  const once = own(VALUES, name);
  if (once !== undefined && reading.seen.has(name)) throw new Error(`repeated option ${shown}`);
  reading.seen.add(name);
  const read = once ?? own(LISTED, name);
  if (read === undefined) throw unknown(shown);
  try {
    read(reading, value);
  } catch (error) {
    throw new Error(`option ${shown}: ${errorMessage(error)}`, { cause: error });
  }
}

function own<Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function unknown(name: string): Error {
  return new Error(`unknown option ${name}; ignoring it could grant the key too much`);
}

function permit(reading: Reading, change: Partial<PeerPermissions>): void {
  reading.permissions = { ...(reading.permissions ?? UNRESTRICTED), ...change };
}

function parseScopes(value: string): readonly string[] {
  const scopes = value
    .split(",")
    .map((scope) => scope.trim())
    .filter((scope) => scope !== "");
  for (const scope of scopes) {
    if (!isScope(scope)) {
      throw new Error(`invalid scope "${printable(scope, 40)}": only the last character may be a *`);
    }
  }
  return [...new Set(scopes)];
}

function parseUsers(value: string): readonly string[] {
  const users = value.split(",").map((user) => user.trim());
  for (const user of users) {
    if (!isUserName(user) || /[*?!\s]/.test(user)) {
      throw new Error(`invalid user name "${printable(user, 40)}"; it takes names, not patterns, such as alice,bob`);
    }
  }
  return users;
}

/** `host:port`; an IPv6 address needs brackets, and the port may be `*`. */
function parseHostAndPort(text: string): string {
  const parts = splitHostPort(text);
  if (parts === undefined || !isRuleHost(parts) || (parts.port !== "*" && readPort(parts.port, 1) === undefined)) {
    throw new Error(
      `invalid host and port "${printable(text, 60)}"; they are written as 192.0.2.1:80, [2001:db8::1]:80 or localhost:*`,
    );
  }
  return text;
}

/** Of two variables of one name, the first counts, as in sshd. */
function addEnvironment({ environment, warnings }: Reading, text: string): void {
  const [, name = "", value = ""] = /^([A-Za-z0-9_]+)=(.*)$/s.exec(text) ?? [];
  if (name === "") throw new Error(`invalid variable "${printable(text, 40)}"; it is written as RPC_REGION=eu`);
  if (!name.startsWith("RPC_"))
    warnings.push(`the variable ${printable(name, 40)} is ignored: only names with the prefix RPC_ are used`);
  else if (environment.size >= MAX_ENVIRONMENT) throw new Error(`more than ${MAX_ENVIRONMENT} variables`);
  else if (!environment.has(name)) environment.set(name, value);
}
