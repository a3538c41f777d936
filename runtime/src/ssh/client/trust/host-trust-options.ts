/** What is asked about a host key that is not known. */
export interface HostKeyQuestion {
  readonly host: string;
  readonly port: number;
  /** Such as `ssh-ed25519`. */
  readonly keyType: string;
  /** `SHA256:` and base64. */
  readonly fingerprint: string;
  /** The line that would make the key known: host, type and key. */
  readonly line: string;
  /** Whether no key of the host is known, or another one: then somebody may be listening in. */
  readonly reason: "unknown" | "changed";
}

/** Decides on a host key that is not known: false refuses it, true accepts it, `save` also adds it to known_hosts. */
export type HostKeyDecision = (question: HostKeyQuestion) => boolean | "save" | Promise<boolean | "save">;

/** How a client knows that a host is the one it means. It is checked before anything is said about the user. */
export interface HostTrustOptions {
  /** Files that list the host keys to trust. Default: `~/.ssh/known_hosts` and `/etc/ssh/ssh_known_hosts`. */
  readonly knownHosts?: string | readonly string[];
  /**
   * What to do about a host key that these files do not list.
   * - `strict`: refuse it. This is the default.
   * - `accept-new`: where no key of the host is known, add it to the first file of `knownHosts`, and go on; refuse a changed one.
   * - A function: ask it, once for each key. The clock of `connectTimeout` stands still meanwhile.
   * - A fingerprint such as `SHA256:…`, or several: accept one of these keys alone, and do not look at `knownHosts`. That is for
   *   the target; jump hosts are looked up in `knownHosts` all the same. Every other policy is for them, too.
   *
   * A key marked `@revoked` is always refused.
   */
  readonly hostKey?: "strict" | "accept-new" | HostKeyDecision | string | readonly string[];
  /** The name to look up in place of the host and its port, for several servers behind one address. Default: none. */
  readonly hostKeyAlias?: string;
  /** Whether names are hashed where a line is added to known_hosts. Default: false. */
  readonly hashKnownHosts?: boolean;
}
