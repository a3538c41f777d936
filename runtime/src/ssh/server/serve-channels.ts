import { findHandler } from "./channel-handler.js";
import { DirectChannels } from "./forwarding/direct-channels.js";
import { ForwardListeners } from "./forwarding/forward-listeners.js";
import { Forwarded } from "./forwarding/forwarded.js";
import type { DirectTcpipHandler, ForwardingConfig } from "./forwarding/forwarding-config.js";
import { Sessions, type SessionsConfig } from "./sessions.js";

interface ChannelsConfig extends SessionsConfig, Omit<ForwardingConfig, "directTcpip"> {}

/** Answers the channel requests of one connection: sessions, and forwarding in both directions. */
export function serveChannels(config: ChannelsConfig): void {
  const { handlers } = config;
  const directTcpip: DirectTcpipHandler = (target, peer) => {
    const request = { kind: "direct-tcpip", ...target } as const;
    const handler = findHandler(handlers, request);
    return handler && ((stream) => handler.run({ stream, peer }, request));
  };
  const channels = { ...config, directTcpip };
  const forwarded = new Forwarded(channels);
  new Sessions(channels);
  new DirectChannels(channels, forwarded);
  new ForwardListeners(channels, forwarded);
}
