import { findHandler } from "./channel-handler.js";
import { DirectChannels } from "./forwarding/direct-channels.js";
import { ForwardListeners } from "./forwarding/forward-listeners.js";
import { Forwarded } from "./forwarding/forwarded.js";
import type { DirectTcpipHandler, ForwardingConfig } from "./forwarding/forwarding-config.js";
import { Sessions, type SessionsConfig } from "./sessions.js";

interface ChannelsConfig extends SessionsConfig, ForwardingConfig {}

/** The channels of one connection: it answers the requests for sessions, and for forwarding in both directions. */
export class Channels {
  readonly #sessions: Sessions;
  readonly #listeners: ForwardListeners;
  /** The channels that handlers serve in place of forwarding. */
  readonly #served = new Set<Promise<unknown>>();

  constructor(config: ChannelsConfig) {
    const { handlers } = config;
    const directTcpip: DirectTcpipHandler = (target, peer) => {
      const request = { kind: "direct-tcpip", ...target } as const;
      const handler = findHandler(handlers, request);
      return (
        handler &&
        ((stream) => {
          const closed = new Promise((resolve) => stream.once("close", resolve));
          this.#served.add(closed);
          void closed.then(() => this.#served.delete(closed));
          return handler.run({ stream, peer }, request);
        })
      );
    };
    const forwarded = new Forwarded(config);
    this.#sessions = new Sessions(config);
    new DirectChannels(config, forwarded, directTcpip);
    this.#listeners = new ForwardListeners(config, forwarded);
  }

  /** How many are open without being in use. */
  get unused(): number {
    return this.#sessions.unused.length;
  }

  /** Whether the server listens for the peer. */
  get hasListeners(): boolean {
    return this.#listeners.count > 0;
  }

  /** Resolves when the commands, the shells and the channels of handlers have ended; undefined where there are none. */
  get commandsEnded(): Promise<unknown> | undefined {
    const { commandsEnded } = this.#sessions;
    if (this.#served.size === 0) return commandsEnded;
    return Promise.all([commandsEnded, ...this.#served]);
  }

  /** Asks the peer to end the channels that are not in use. */
  drain(reason: string): void {
    for (const channel of this.#sessions.unused) channel.drain(reason);
  }
}
