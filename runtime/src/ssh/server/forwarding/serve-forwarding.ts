import { DirectChannels } from "./direct-channels.js";
import { ForwardListeners } from "./forward-listeners.js";
import { Forwarded } from "./forwarded.js";
import type { ForwardingSetting } from "./forwarding-setting.js";

/** Answers what the peer of one connection wants forwarded, in both directions. */
export function serveForwarding(setting: ForwardingSetting): void {
  const forwarded = new Forwarded(setting);
  new DirectChannels(setting, forwarded);
  new ForwardListeners(setting, forwarded);
}
