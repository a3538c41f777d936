import { findHandler } from "./channel-handler.js";
import { DirectChannels } from "./forwarding/direct-channels.js";
import { ForwardListeners } from "./forwarding/forward-listeners.js";
import { Forwarded } from "./forwarding/forwarded.js";
import type { DirectTcpipHandler, ForwardingConfig } from "./forwarding/forwarding-config.js";
import { Sessions, type SessionsConfig } from "./sessions.js";

interface ChannelsConfig extends SessionsConfig, Omit<ForwardingConfig, "directTcpip"> {}

/** The channels of one connection. */
interface ServedChannels {
  /** How many are open without being in use. */
  readonly unused: number;
  /** Whether the server listens for the peer. */
  readonly hasListeners: boolean;
  /** Resolves when the commands, the shells and the channels of handlers have ended; undefined where there are none. */
  readonly commandsEnded: Promise<unknown> | undefined;
  /** Asks the peer to end the channels that are not in use. */
  drain(reason: string): void;
}

/** Answers the channel requests of one connection: sessions, and forwarding in both directions. */
export function serveChannels(config: ChannelsConfig): ServedChannels {
  const { handlers } = config;
  const served = new Set<Promise<unknown>>();
  const directTcpip: DirectTcpipHandler = (target, peer) => {
    const request = { kind: "direct-tcpip", ...target } as const;
    const handler = findHandler(handlers, request);
    return (
      handler &&
      ((stream) => {
        const closed = new Promise((resolve) => stream.once("close", resolve));
        served.add(closed);
        void closed.then(() => served.delete(closed));
        return handler.run({ stream, peer }, request);
      })
    );
  };
  const channels = { ...config, directTcpip };
  const forwarded = new Forwarded(channels);
  const sessions = new Sessions(channels);
  new DirectChannels(channels, forwarded);
  const listeners = new ForwardListeners(channels, forwarded);
  return {
    get unused() {
      return sessions.unused.length;
    },
    get hasListeners() {
      return listeners.count > 0;
    },
    get commandsEnded() {
      const { commandsEnded } = sessions;
      if (served.size === 0) return commandsEnded;
      return Promise.all([commandsEnded, ...served]);
    },
    drain: (reason) => {
      for (const channel of sessions.unused) channel.drain(reason);
    },
  };
}
