import type { Passphrase } from "./keys/passphrase.js";

/** How a client reaches a server over SSH. */
export interface DialOptions {
  /**
   * The private key to log in with: a file, several to be tried in order, or the text of one. Then no other is tried.
   * Default: the keys of the agent, then `~/.ssh/id_ed25519`, `id_ecdsa` and `id_rsa`, those that exist.
   */
  readonly identity?: string | readonly string[] | { readonly privateKey: string | Buffer };
  /**
   * Opens encrypted private keys: the passphrase, or a function that is asked for it, once for each file, before
   * `connectTimeout` begins.
   */
  readonly passphrase?: Passphrase;
  /** The socket of the agent, or false for none. Default: `$SSH_AUTH_SOCK`. Not asked where `identity` is given. */
  readonly agent?: string | false;
  /** Files that list the host keys to trust. Default: `~/.ssh/known_hosts` and `/etc/ssh/ssh_known_hosts`. */
  readonly knownHosts?: string | readonly string[];
  /** The fingerprint of the host key, such as `SHA256:…`, or several. Then `knownHosts` is not looked at. */
  readonly hostKey?: string | readonly string[];
  /** Milliseconds for the whole way from the first packet to the open channel. Default: 10,000. */
  readonly connectTimeout?: number;
  /** Milliseconds of silence after which the server is asked for a sign of life; 0 for never. Default: 15,000. */
  readonly keepaliveInterval?: number;
  /** How many such questions may go unanswered before the connection counts as lost. Default: 3. */
  readonly keepaliveMisses?: number;
}
