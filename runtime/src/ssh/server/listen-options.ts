import type { ServerAccount } from "../../base/accounts/server-account.js";
import type { Observer } from "../../base/observer/observer.js";
import type { Siblings } from "../../base/siblings.js";
import type { GuardOptions } from "../admission/guard-options.js";
import type { HostKeySource } from "../keys/identity/host-key-source.js";
import type { AuthOptions } from "./auth/auth-options.js";
import type { ForwardingOptions } from "./forwarding/forwarding-options.js";
import type { SocketSource } from "./socket-source.js";

/**
 * How a server listens and authenticates its peers. The public types of this folder are in files without ssh2, because users
 * of this package do not install the types of ssh2.
 */
export interface ListenOptions extends AuthOptions, ForwardingOptions, GuardOptions {
  /** The address to listen on, `::` or `0.0.0.0` for all. Default: `127.0.0.1`. */
  readonly host?: string;
  /** The port; 0 for any free port. Default: 8022. */
  readonly port?: number;
  /**
   * The host keys, each a file or the text of a private key: ed25519, ECDSA, or RSA of at least 2,048 bits, which signs
   * with SHA-2 only. One of each type; the client chooses. Clients that have proof of one learn the others (UpdateHostKeys
   * of ssh_config(5)).
   */
  readonly hostKeys: HostKeySource | readonly HostKeySource[];
  /** All scopes that methods require: the log warns of granted scopes beyond them. Default: no warnings. */
  readonly scopes?: readonly string[];
  /** Maximum number of open sessions of one connection. Default: 10, as in sshd. */
  readonly maxChannels?: number;
  /** The software name in the identification string (RFC 4253, section 4.2). Default: `ssh`. */
  readonly ident?: string;
  /** Counts the open connections of each key, with the other things that keys hold. Default: limits `maxConnections` alone. */
  readonly accounts?: ServerAccount;
  /** Delivers the connections, such as those of `natsSockets` of `sshrpc/nats`. Default: a socket that listens on `host` and `port`. */
  readonly sockets?: SocketSource | undefined;
  /** The other processes of the server. Default: none. */
  readonly siblings?: Siblings | undefined;
  /** Receives the events of the server. Default: none. */
  readonly observer?: Observer;
}
