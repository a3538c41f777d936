import type { EventEmitter } from "node:events";
import type { Target } from "../target.js";
import type { DialChannel } from "./dial-channel.js";

/** Translates the errors of the SSH client to the error class of its caller. */
type ErrorMapper = (error: unknown) => unknown;

/** What code that uses the SSH client defines, besides the options of connections. */
export interface DialerConfig {
  readonly mapError: ErrorMapper;
  /** The software name in the identification string (RFC 4253, section 4.2). */
  readonly ident: string;
}

/** Makes SSH connections to one host, each with one channel of any kind. */
export interface Dialer {
  /** The target as written, with the defaults; ~/.ssh/config may change host, port and user. */
  readonly to: Target;
  /** The target as an address, for messages. */
  readonly address: string;
  /** Applied to every error of `dial`, and of the channels. */
  readonly mapError: ErrorMapper;
  /** Connects and opens the channel. Rejects with an SshError, mapped. */
  dial<Opened extends EventEmitter, Raw extends EventEmitter>(
    channel: DialChannel<Opened, Raw>,
    signal?: AbortSignal,
  ): Promise<Opened>;
}
