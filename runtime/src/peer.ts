/** Who is at the other end of a connection, as far as it was proven. */
export interface Peer {
  /** The user name that was logged in with. */
  readonly user: string;
  /** Of the key that proved itself, as OpenSSH writes it: `SHA256:` and base64. Absent where no key did. */
  readonly fingerprint?: string;
  /** The comment of that key in authorized_keys. */
  readonly keyName?: string;
  /** What the peer may do: scopes, or patterns such as `notes:*` and `*`. */
  readonly scopes: readonly string[];
  /** The address the connection came from, such as `192.0.2.7:50122`, where the transport has one. */
  readonly address?: string;
}

/** Whether one of the `granted` scopes or patterns covers `scope`. Only a trailing `*` is a pattern. */
export function grants(granted: readonly string[], scope: string): boolean {
  return granted.some((grant) => (grant.endsWith("*") ? scope.startsWith(grant.slice(0, -1)) : grant === scope));
}
