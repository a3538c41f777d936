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
  /** Resolves when the commands that run have exited; undefined where none runs. */
  readonly commandsEnded: Promise<unknown> | undefined;
  /** Asks the peer to end the channels that are not in use. */
  drain(reason: string): void;
}

/** Answers the channel requests of one connection: sessions, and forwarding in both directions. */
export function serveChannels(config: ChannelsConfig): ServedChannels {
  const { handlers } = config;
  const directTcpip: DirectTcpipHandler = (target, peer) => {
    const request = { kind: "direct-tcpip", ...target } as const;
    const handler = findHandler(handlers, request);
    return handler && ((stream) => handler.run({ stream, peer }, request));
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
      return sessions.commandsEnded;
    },
    drain: (reason) => {
      for (const channel of sessions.unused) channel.drain(reason);
    },
  };
}
