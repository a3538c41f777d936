import type { Logger } from "../../base/log.js";
import type { GuardOptions } from "../admission/guard-options.js";
import type { HostKeySource } from "../keys/identity/host-key-source.js";
import type { AuthOptions } from "./auth/auth-options.js";
import type { ForwardingOptions } from "./forwarding/forwarding-options.js";

/**
 * How a server listens, and whom it lets in. The public types of this folder stand apart from the code that uses ssh2,
 * because whoever installs this package does not have the types of ssh2.
 */
export interface ListenOptions extends AuthOptions, ForwardingOptions, GuardOptions {
  /** The address to listen on. Default: `127.0.0.1`; to listen on all, ask for `::` or `0.0.0.0` by name. */
  readonly host?: string;
  /** The port; 0 for a free one. Default: 8022. */
  readonly port?: number;
  /** The ed25519 host key: a file, or the text of one. An array may hold one of them. */
  readonly hostKeys: HostKeySource | readonly HostKeySource[];
  /** All scopes that methods ask for: grants of others are warned about. Default: they are not known. */
  readonly scopes?: readonly string[];
  /** How many sessions may be open on one connection. Default: 10, as in sshd. */
  readonly maxChannels?: number;
  /** Where the server logs. Default: nowhere. */
  readonly log?: Logger;
}
