/** A host key that is not in known_hosts. */
export interface HostKeyInfo {
  readonly host: string;
  readonly port: number;
  /** Such as `ssh-ed25519`. */
  readonly keyType: string;
  /** `SHA256:` and base64. */
  readonly fingerprint: string;
  /** The line for known_hosts: host, type and key. */
  readonly line: string;
  /** `unknown`: no key of the host is known. `changed`: another key is known, which can mean a man-in-the-middle attack. */
  readonly reason: "unknown" | "changed";
}

/** Decides on a host key that is not in known_hosts: false rejects it, true accepts it, `save` also adds it to known_hosts. */
export type HostKeyCallback = (info: HostKeyInfo) => boolean | "save" | Promise<boolean | "save">;

/** How a client verifies host keys, which it does before it sends the user name. */
export interface HostTrustOptions {
  /** Files with the trusted host keys. Default: `~/.ssh/known_hosts` and `/etc/ssh/ssh_known_hosts`. */
  readonly knownHosts?: string | readonly string[];
  /**
   * The policy for a host key that these files do not list. Default: `strict`.
   * - `strict`: reject it.
   * - `accept-new`: where no key of the host is known, add it to the first file of `knownHosts`, and continue; reject a changed
   *   one.
   * - A function: decides, once per key. The connect timeout is paused meanwhile.
   * - A fingerprint such as `SHA256:…`, or a list of them: accept only these keys, and ignore `knownHosts`. Fingerprints apply to
   *   the target; jump hosts are looked up in `knownHosts`. Every other policy applies to both.
   *
   * A key marked `@revoked` is always rejected.
   */
  readonly hostKey?: "strict" | "accept-new" | HostKeyCallback | string | readonly string[];
  /** The name to look up in place of host and port, for several servers behind one address. Default: none. */
  readonly hostKeyAlias?: string;
  /** Whether to hash host names in lines added to known_hosts. Default: false. */
  readonly hashKnownHosts?: boolean;
  /**
   * Whether to add the other host keys of a server to known_hosts once the server has proven possession of them
   * (UpdateHostKeys of ssh_config(5)), so that the client trusts a new host key before the old one is removed. It applies
   * where the key of the connection is a line of known_hosts, not where a certificate or fingerprint was checked; keys that
   * the server no longer announces stay in the file. Default: false.
   */
  readonly updateHostKeys?: boolean;
}
