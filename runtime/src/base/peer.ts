/** How a peer has proven who it is: the methods of RFC 4252 and RFC 4256. */
export type AuthMethod = "publickey" | "password" | "keyboard-interactive" | "none";

/** The certificate that a peer has proven itself with (PROTOCOL.certkeys of OpenSSH). */
export interface PeerCertificate {
  /** What its authority called it: `ssh-keygen -I`. */
  readonly keyId: string;
  /** Decimal, because it has 64 bits: `ssh-keygen -z`. `"0"` where its authority gave none. */
  readonly serial: string;
  /** The names that it may be used for: `ssh-keygen -n`. */
  readonly principals: readonly string[];
  /** The fingerprint of the authority that signed it. */
  readonly authority: string;
  /** When it expires, in milliseconds since 1970; absent where it never does. */
  readonly validBefore?: number;
  /** Its extensions and what they say, such as `permit-pty` and an empty text. */
  readonly extensions: ReadonlyMap<string, string>;
}

/**
 * What a key or certificate leaves a peer of what the server allows beside calls, as the options of authorized_keys say
 * it; it never allows more.
 */
export interface PeerPermissions {
  /** Whether a terminal may be asked for. */
  readonly pty: boolean;
  /** Whether connections may be forwarded, in either direction. */
  readonly portForwarding: boolean;
  /** `host:port` that may be connected to, where the port may be `*`. Absent: the key limits nothing. */
  readonly permitOpen?: readonly string[];
  /** `host:port` that may be listened on, where either may be `*`. Absent: the key limits nothing. */
  readonly permitListen?: readonly string[];
}

/** Who is at the other end of a connection, as far as it was proven. */
export interface Peer {
  /** The user name that was logged in with. */
  readonly user: string;
  /** Of the key that proved itself, as OpenSSH writes it: `SHA256:` and base64. Absent where no key did. */
  readonly fingerprint?: string;
  /** The comment of that key in authorized_keys, or the key id of its certificate. */
  readonly keyName?: string;
  /** The certificate of that key, where it has one. */
  readonly certificate?: PeerCertificate;
  /** How it has proven itself, in this order; absent where no login took place, as in memory. */
  readonly authMethods?: readonly AuthMethod[];
  /**
   * What the peer may do: scopes, or patterns such as `notes:*` and `*`. They follow the lists that grant them: do not
   * keep a copy.
   */
  readonly scopes: readonly string[];
  /** What its connection may do beside calls; it follows the lists, too. Absent: whatever the server allows. */
  readonly permissions?: PeerPermissions | undefined;
  /** Environment variables that each of its sessions begins with. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Of its connection: logs know the connection by it. Absent where there is none, as in memory. */
  readonly connectionId?: string;
  /** The address the connection came from, such as `192.0.2.7:50122`, where the transport has one. */
  readonly address?: string;
}

/** Whether a text is a scope, such as `notes:read`, or a pattern of scopes, such as `notes:*`. */
export function isScope(text: string): boolean {
  return text !== "" && /^[^\s"\\*]*\*?$/.test(text);
}

/** Whether one of the `granted` scopes or patterns covers `scope`. Only a trailing `*` is a pattern. */
export function grants(granted: readonly string[], scope: string): boolean {
  return granted.some((grant) => (grant.endsWith("*") ? scope.startsWith(grant.slice(0, -1)) : grant === scope));
}
