import { randomBytes } from "node:crypto";
import type { OptionTable } from "./check-options.js";

/** An authentication method of RFC 4252 or RFC 4256. */
export type AuthMethod = "publickey" | "password" | "keyboard-interactive" | "none";

/** The certificate that a peer has authenticated with (PROTOCOL.certkeys of OpenSSH). */
export interface PeerCertificate {
  /** Its key identity: `ssh-keygen -I`. */
  readonly keyId: string;
  /** Its serial number as decimal text, because it has 64 bits: `ssh-keygen -z`. `"0"` if it was not set. */
  readonly serial: string;
  /** The names that it is valid for: `ssh-keygen -n`. */
  readonly principals: readonly string[];
  /** The fingerprint of the certificate authority that signed it. */
  readonly authority: string;
  /** Its expiry, in ms since 1970; absent if it does not expire. */
  readonly validBefore?: number;
  /** Its extensions with their values, such as `permit-pty` with an empty text. */
  readonly extensions: ReadonlyMap<string, string>;
}

/**
 * What a key or certificate permits besides calls, like the options of authorized_keys. It only restricts what the server
 * allows.
 */
export interface PeerPermissions {
  /** Whether a pseudo-terminal may be requested. */
  readonly pty: boolean;
  /** Whether connections may be forwarded, in either direction. */
  readonly portForwarding: boolean;
  /** The `host:port` destinations that forwarding may connect to; the port may be `*`. Absent: no restriction by the key. */
  readonly permitOpen?: readonly string[];
  /** The `host:port` addresses that forwarding may listen on; either may be `*`. Absent: no restriction by the key. */
  readonly permitListen?: readonly string[];
}

/** The known fields of {@link PeerPermissions}. */
export const PERMISSIONS_FIELDS = {
  pty: true,
  portForwarding: true,
  permitOpen: true,
  permitListen: true,
} satisfies OptionTable<PeerPermissions>;

/** The algorithms of an SSH connection, by their names in RFC 4253 and the IANA registry, as its last key exchange has chosen them. */
export interface SshAlgorithms {
  /** The key exchange method; `mlkem768x25519-sha256` is post-quantum. */
  readonly kex: string;
  /** The algorithm of the host key's signature, such as `ssh-ed25519`. */
  readonly serverHostKey: string;
  /** The cipher from the client to the server. Known clients use the same in the other direction. */
  readonly cipher: string;
}

/** The known fields of {@link SshAlgorithms}. */
export const ALGORITHM_FIELDS = { kex: true, serverHostKey: true, cipher: true } satisfies OptionTable<SshAlgorithms>;

/** The authenticated other end of a connection. */
export interface Peer {
  /** The user name of the login, as the client claims it. A plain key does not prove it: see `principal`. */
  readonly user: string;
  /**
   * The name that the login has proven: the user name, if the key has `users` in authorized_keys; the principal that a certificate was
   * accepted for; the user of a password. Absent if it proves none, as a plain key without `users`. It changes with authorized_keys.
   */
  readonly principal?: string | undefined;
  /** Fingerprint of its key, as OpenSSH writes it: `SHA256:` and base64. Absent if it used no key. */
  readonly fingerprint?: string;
  /** The comment of its key in authorized_keys, or the key identity of its certificate. */
  readonly keyName?: string;
  /** Its certificate, if it used one. */
  readonly certificate?: PeerCertificate;
  /** The authentication methods that it completed, in this order; absent without a login, as in memory. */
  readonly authMethods?: readonly AuthMethod[];
  /** Its scopes, or patterns such as `notes:*` and `*`. They change with the lists that grant them: do not keep a copy. */
  readonly scopes: readonly string[];
  /** What it may do besides calls; it changes with authorized_keys. Absent: everything that the server allows. */
  readonly permissions?: PeerPermissions | undefined;
  /** Environment variables of its sessions, from the option `environment` of its key. */
  readonly environment?: Readonly<Record<string, string>>;
  /** ID of its connection in the logs. Absent without a network connection, as in memory. */
  readonly connectionId?: string;
  /** Remote address of the connection, such as `192.0.2.7:50122`, if the transport has one. */
  readonly address?: string;
  /** What its SSH connection has negotiated; absent where this package does not speak SSH itself, as in memory and under sshd. */
  readonly algorithms?: SshAlgorithms | undefined;
}

/** Whether a text is a valid scope, such as `notes:read`, or a pattern of scopes, such as `notes:*`. */
export function isScope(text: string): boolean {
  return text !== "" && /^[^\s"\\*]*\*?$/.test(text);
}

/** Scopes of the methods that sshrpc itself offers begin with this. Only a grant that begins with it, too, covers them. */
export const RESERVED_SCOPE = "sshrpc:";

/**
 * Whether one of `scopes`, or of the patterns in it, covers `scope`. A pattern ends with `*`. A scope of sshrpc itself is covered
 * by its name or by `sshrpc:*`, never by `*`.
 */
export function grants(scopes: readonly string[], scope: string): boolean {
  const isReserved = scope.startsWith(RESERVED_SCOPE);
  return scopes.some((grant) => {
    if (!grant.endsWith("*")) return grant === scope;
    return scope.startsWith(grant.slice(0, -1)) && (!isReserved || grant.startsWith(RESERVED_SCOPE));
  });
}

/** A key that a login was refused with. None of it is verified. */
export interface RejectedKey {
  /** `SHA256:` and base64. */
  readonly fingerprint?: string;
  /** The key identity of a certificate. */
  readonly keyId?: string;
  /** The serial number of a certificate, as decimal text. */
  readonly serial?: string;
  /** The fingerprint of the authority of a certificate. */
  readonly authority?: string;
}

/** A new {@link Peer.connectionId}: eight letters, digits, `_` or `-`. None begins with `-`, as an option of a command does. */
export function newConnectionId(): string {
  return randomBytes(6).toString("base64url").replace(/^-/, "_");
}
