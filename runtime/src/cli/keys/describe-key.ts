import { printable } from "../../base/printable.js";
import { type ListedLine, optionOf } from "./key-lines.js";

/** The maximum length of a printed line of authorized_keys, in characters. */
export const MAX_DESCRIBED = 64 * 1024;

/** A listed key as plain data, for `--json`. */
export interface KeyDescription {
  readonly name: string | null;
  readonly fingerprint: string;
  readonly type: string;
  readonly scopes: readonly string[];
  /** The user names that it may log in under; null for any. */
  readonly users: readonly string[] | null;
  /** The `limits` option. */
  readonly limits: string | null;
  /** ISO 8601. */
  readonly expires: string | null;
  readonly expired: boolean;
  /** The `from` option. */
  readonly from: string | null;
  /** Whether the key is a certificate authority. */
  readonly authority: boolean;
  readonly principals: readonly string[] | null;
  readonly pty: boolean;
  readonly portForwarding: boolean;
  readonly permitOpen: readonly string[] | null;
  readonly permitListen: readonly string[] | null;
  readonly environment: Readonly<Record<string, string>>;
}

/** Describes a key as plain data. */
export function describeKey({ text, listed }: Pick<ListedLine, "text" | "listed">): KeyDescription {
  const { key, grant, isAuthority, from, users } = listed;
  const { keyName, scopes, expires, principals, permissions, environment = {} } = grant;
  return {
    name: keyName ?? null,
    fingerprint: key.fingerprint,
    type: key.type,
    scopes,
    users: users ?? null,
    limits: optionOf(text, "limits") ?? null,
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

/** Formats a description, one property per line. */
export function describeLines(key: KeyDescription): string[] {
  const rows: [string, string | false][] = [
    ["fingerprint", `${key.fingerprint} (${key.type})`],
    ["scopes", key.scopes.join(", ") || "none (only methods without a scope)"],
    ["users", key.users?.join(", ") ?? false],
    ["limits", key.limits ?? false],
    ["expires", key.expires !== null && `${key.expires}${key.expired ? " (expired)" : ""}`],
    ["from", key.from ?? false],
    ["authority", key.authority && `certificates for ${key.principals?.join(", ") ?? "the login user"}`],
    ["terminal", !key.pty && "no"],
    ["forwarding", !key.portForwarding && "no"],
    ["permitopen", key.permitOpen?.join(", ") ?? false],
    ["permitlisten", key.permitListen?.join(", ") ?? false],
    [
      "environment",
      Object.entries(key.environment)
        .map(([name, value]) => `${name}=${value}`)
        .join(" ") || false,
    ],
  ];
  return rows.flatMap(([what, value]) =>
    value === false ? [] : `  ${what.padEnd(12)} ${printable(value, MAX_DESCRIBED)}`,
  );
}
