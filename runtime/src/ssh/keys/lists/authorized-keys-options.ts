import { errorMessage } from "../../../base/error-message.js";
import { readPort, splitHostPort } from "../../../base/host-port.js";
import { isScope, type PeerPermissions } from "../../../base/peer.js";
import { printable } from "../../../base/printable.js";
import { parseExpiryTime } from "../format/expiry-time.js";
import { AddressPatterns } from "./address-patterns.js";
import type { KeyAuthority } from "./key-lookup.js";

/** What the options of one line of authorized_keys say. */
export interface KeyOptions {
  /** What the key gets, but for its name. */
  readonly grant: Omit<KeyAuthority, "keyName">;
  /** Whether the key makes certificates, and is none to log in with (`cert-authority`). */
  readonly isAuthority: boolean;
  /** Where it may be used from; absent for anywhere. */
  readonly from?: AddressPatterns;
  /** What is ignored and leaves the line as good, one line each, without the place. */
  readonly warnings: readonly string[];
}

/** What reading a line has found so far. */
interface Reading {
  readonly seen: Set<string>;
  readonly warnings: string[];
  readonly grant: { -readonly [Name in keyof KeyOptions["grant"]]: KeyOptions["grant"][Name] };
  readonly environment: Map<string, string>;
  permissions: PeerPermissions | undefined;
  from: AddressPatterns | undefined;
  isAuthority: boolean;
}

/** As many are enough for anybody, and a bound for a hostile file. */
const MAX_ENVIRONMENT = 64;

const UNRESTRICTED: PeerPermissions = { pty: true, portForwarding: true };

/** Options without a value; those in the second table may begin with `no-`. */
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
  // What is never given here needs no taking away.
  "agent-forwarding": () => {},
  "x11-forwarding": () => {},
  "user-rc": () => {},
};

/** Options with a value. Those in the second table may stand more than once. */
const VALUES: Readonly<Record<string, (reading: Reading, value: string) => void>> = {
  scopes: ({ grant }, value) => {
    grant.scopes = parseScopes(value);
  },
  from: (reading, value) => {
    reading.from = new AddressPatterns(value);
    for (const name of reading.from.names) {
      reading.warnings.push(
        `from: ${printable(name, 60)} matches nobody, for names are not looked up: use its address`,
      );
    }
  },
  principals: ({ grant }, value) => {
    grant.principals = value.split(",");
  },
  command: ({ warnings }) => void warnings.push("the option command is ignored: this server runs no command of a key"),
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
  // No tunnel is ever opened here.
  tunnel: (_, value) => {
    if (!/^(?:any|\d{1,9})$/i.test(value)) throw new Error(`"${printable(value, 40)}" is no tunnel device`);
  },
};

/** The options of a line that has none. */
export const NO_OPTIONS: KeyOptions = { grant: { scopes: [] }, isAuthority: false, warnings: [] };

/**
 * Cuts a line that does not begin with a key into its options, up to the first space or tab outside of double quotes,
 * and the rest.
 * @throws Error of one line without the place, where a quote is not closed
 */
export function splitOptions(line: string): { readonly options: string; readonly rest: string } {
  const [options = ""] = /^(?:\\"|"(?:\\"|\\(?!")|[^"\\])*"|\\(?!")|[^"\\ \t])*/.exec(line) ?? [];
  if (line[options.length] === '"')
    throw new Error(`a quote is not closed: ${printable(line.slice(options.length), 40)}`);
  return { options, rest: line.slice(options.length).replace(/^[ \t]+/, "") };
}

/**
 * Reads options as sshd(8), AUTHORIZED_KEYS FILE FORMAT, describes them: a comma list, names in either case, `\"` is a
 * quote inside of a value and no other character is escaped. Beside sshd's there is `scopes`.
 * @throws Error of one line without the place, where one is malformed or unknown: a key is never accepted without a
 * restriction that was asked for
 */
export function parseKeyOptions(text: string): KeyOptions {
  const reading: Reading = {
    seen: new Set(),
    warnings: [],
    grant: { scopes: [] },
    environment: new Map(),
    permissions: undefined,
    from: undefined,
    isAuthority: false,
  };
  const pattern = /([^=",]+)(?:="((?:\\"|\\(?!")|[^"\\])*)")?(,|$)/y;
  for (;;) {
    const at = pattern.lastIndex;
    const [, name = "", value, end] = pattern.exec(text) ?? [];
    if (end === undefined) throw new Error(`not a key, nor options of one: ${printable(text.slice(at), 40)}`);
    readOption(reading, name.toLowerCase(), value?.replaceAll('\\"', '"'));
    if (end !== ",") break;
  }
  const { grant, environment, permissions, from, isAuthority, warnings } = reading;
  if (grant.principals !== undefined && !isAuthority) {
    throw new Error("the option principals needs cert-authority beside it");
  }
  return {
    grant: {
      ...grant,
      ...(permissions !== undefined && { permissions }),
      ...(environment.size > 0 && { environment: Object.fromEntries(environment) }),
    },
    isAuthority,
    ...(from !== undefined && { from }),
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
    else if (own(VALUES, name) ?? own(LISTED, name)) throw new Error(`the option ${shown} needs a value: ${shown}="…"`);
    else throw unknown(shown);
    return;
  }
  const once = own(VALUES, name);
  if (once !== undefined && reading.seen.has(name)) throw new Error(`the option ${shown} is given twice`);
  reading.seen.add(name);
  const read = once ?? own(LISTED, name);
  if (read === undefined) throw unknown(shown);
  try {
    read(reading, value);
  } catch (error) {
    throw new Error(`the option ${shown}: ${errorMessage(error)}`, { cause: error });
  }
}

function own<Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function unknown(name: string): Error {
  return new Error(`the option ${name} is unknown, and without it the key could do too much`);
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
      throw new Error(`"${printable(scope, 40)}" is no scope: only its last character may be a *`);
    }
  }
  return [...new Set(scopes)];
}

/** `host:port`, where an IPv6 address stands in brackets and the port may be `*`. */
function parseHostAndPort(text: string): string {
  const { host, isBracketed, port } = splitHostPort(text) ?? { host: "" };
  const isHost = (isBracketed ? /^[0-9A-Fa-f:.%]+$/ : /^[^\s:/]+$/).test(host);
  if (!isHost || (port !== "*" && readPort(port, 1) === undefined)) {
    throw new Error(
      `"${printable(text, 60)}" is no host and port such as 192.0.2.1:80, [2001:db8::1]:80 or localhost:*`,
    );
  }
  return text;
}

/** The first of two with the same name counts, as in sshd. */
function addEnvironment({ environment, warnings }: Reading, text: string): void {
  const [, name = "", value = ""] = /^([A-Za-z0-9_]+)=(.*)$/s.exec(text) ?? [];
  if (name === "") throw new Error(`"${printable(text, 40)}" is no variable such as RPC_REGION=eu`);
  if (!name.startsWith("RPC_"))
    warnings.push(`the variable ${printable(name, 40)} is ignored: only those that begin with RPC_ count`);
  else if (environment.size >= MAX_ENVIRONMENT) throw new Error(`there are more than ${MAX_ENVIRONMENT}`);
  else if (!environment.has(name)) environment.set(name, value);
}
