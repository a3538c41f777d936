import type { Logger } from "../log.js";
import type { HostKeySource } from "./keys/host-key-source.js";
import type { KeyLookup } from "./keys/key-lookup.js";

/**
 * How a server listens, and whom it lets in. The public types of this folder stand apart from the code that uses ssh2,
 * because whoever installs this package does not have the types of ssh2.
 */
export interface ListenOptions {
  /** The address to listen on. Default: `127.0.0.1`; to listen on all, ask for `::` or `0.0.0.0` by name. */
  readonly host?: string;
  /** The port; 0 for a free one. Default: 8022. */
  readonly port?: number;
  /** The ed25519 host key: a file, or the text of one. An array may hold one of them. */
  readonly hostKeys: HostKeySource | readonly HostKeySource[];
  /**
   * Who may log in: files in the format of authorized_keys, which are read again when they change; or lines of that
   * format; or a function that decides. The user name is whatever the client says: the key is what is proven.
   */
  readonly authorizedKeys: string | readonly string[] | { readonly lines: readonly string[] } | KeyLookup;
  /** All scopes that methods ask for: grants of others are warned about. Default: they are not known. */
  readonly scopes?: readonly string[];
  /** Milliseconds in which a client must have logged in. Default: 30,000. */
  readonly loginGrace?: number;
  /** How many attempts to log in may fail on one connection. Default: 6. */
  readonly maxAuthTries?: number;
  /** How many connections may be open at once; more are closed unheard. Default: 1,024. */
  readonly maxConnections?: number;
  /** How many sessions may be open on one connection. Default: 4. */
  readonly maxChannels?: number;
  /** Where the server logs. Default: nowhere. */
  readonly log?: Logger;
}
