import { DirectChannels } from "./forwarding/direct-channels.js";
import { ForwardListeners } from "./forwarding/forward-listeners.js";
import { Forwarded } from "./forwarding/forwarded.js";
import type { ForwardingConfig } from "./forwarding/forwarding-config.js";
import { logWith } from "./log-with.js";
import { Sessions, type SessionsConfig } from "./sessions.js";

interface ChannelsConfig extends SessionsConfig, ForwardingConfig {
  readonly handlers: SessionsConfig["handlers"];
  /** The log fields of the peer, as far as it is known. */
  readonly peerFields: () => object;
}

/** Answers the channel requests of one connection: sessions, and forwarding in both directions. */
export function serveChannels(config: ChannelsConfig): void {
  const channels = { ...config, log: logWith(config.log, config.peerFields) };
  const forwarded = new Forwarded(channels);
  new Sessions(channels);
  new DirectChannels(channels, forwarded);
  new ForwardListeners(channels, forwarded);
}
