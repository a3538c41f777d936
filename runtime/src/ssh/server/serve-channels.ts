import type { ForwardingConfig } from "./forwarding/forwarding-config.js";
import { serveForwarding } from "./forwarding/serve-forwarding.js";
import { logWith } from "./log-with.js";
import { type SessionConfig, Sessions } from "./sessions.js";

/** What all channels of one connection belong to. */
export interface ChannelsConfig extends SessionConfig, ForwardingConfig {
  /** What the log says of the peer, as far as it is known. */
  readonly who: () => object;
}

/** Answers all that a peer may ask for on its connection once it has logged in. */
export function serveChannels(config: ChannelsConfig): void {
  const log = logWith(config.log, config.who);
  new Sessions({ ...config, log });
  serveForwarding({ ...config, log });
}
