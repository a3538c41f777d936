import { printable } from "../../base/printable.js";
import type { AuthorizedKeyLine } from "../../ssh/keys/lists/authorized-keys.js";

/** Characters of a line of authorized_keys that are shown: what it may have. */
export const MAX_LINE = 64 * 1024;

/** A listed key as plain data, for `--json`. */
export interface KeyDescription {
  readonly name: string | null;
  readonly fingerprint: string;
  readonly type: string;
  readonly scopes: readonly string[];
  /** ISO 8601. */
  readonly expires: string | null;
  readonly expired: boolean;
  /** As `from` has it. */
  readonly from: string | null;
  /** Whether it makes certificates. */
  readonly authority: boolean;
  readonly principals: readonly string[] | null;
  readonly pty: boolean;
  readonly portForwarding: boolean;
  readonly permitOpen: readonly string[] | null;
  readonly permitListen: readonly string[] | null;
  readonly environment: Readonly<Record<string, string>>;
}

/** Describes one. */
export function describeKey({ key, grant, isAuthority, from }: AuthorizedKeyLine): KeyDescription {
  const { keyName, scopes, expires, principals, permissions, environment = {} } = grant;
  return {
    name: keyName ?? null,
    fingerprint: key.fingerprint,
    type: key.type,
    scopes,
    expires: expires === undefined ? null : new Date(expires).toISOString(),
    expired: expires !== undefined && expires < Date.now(),
    from: from === undefined ? null : String(from),
    authority: isAuthority,
    principals: principals ?? null,
    pty: permissions?.pty ?? true,
    portForwarding: permissions?.portForwarding ?? true,
    permitOpen: permissions?.permitOpen ?? null,
    permitListen: permissions?.permitListen ?? null,
    environment,
  };
}

/** The same for people, one thing a line. */
export function describeLines(key: KeyDescription): string[] {
  const rows: [string, string | false][] = [
    ["fingerprint", `${key.fingerprint} (${key.type})`],
    ["scopes", key.scopes.join(", ") || "none: it may call only what asks for none"],
    ["expires", key.expires !== null && `${key.expires}${key.expired ? " (it has expired)" : ""}`],
    ["from", key.from ?? false],
    ["authority", key.authority && `of certificates for ${key.principals?.join(", ") ?? "the user who logs in"}`],
    ["terminal", !key.pty && "no"],
    ["forwarding", !key.portForwarding && "no"],
    ["may open", key.permitOpen?.join(", ") ?? false],
    ["may listen", key.permitListen?.join(", ") ?? false],
    [
      "environment",
      Object.entries(key.environment)
        .map(([name, value]) => `${name}=${value}`)
        .join(" ") || false,
    ],
  ];
  return rows.flatMap(([what, value]) => (value === false ? [] : `  ${what.padEnd(12)} ${printable(value, MAX_LINE)}`));
}
