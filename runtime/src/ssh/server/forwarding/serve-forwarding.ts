import { DirectChannels } from "./direct-channels.js";
import { ForwardListeners } from "./forward-listeners.js";
import { Forwarded } from "./forwarded.js";
import type { ForwardingConfig } from "./forwarding-config.js";

/** Answers what the peer of one connection wants forwarded, in both directions. */
export function serveForwarding(config: ForwardingConfig): void {
  const forwarded = new Forwarded(config);
  new DirectChannels(config, forwarded);
  new ForwardListeners(config, forwarded);
}
