import type { ForwardingSetting } from "./forwarding/forwarding-setting.js";
import { serveForwarding } from "./forwarding/serve-forwarding.js";
import { logWith } from "./log-with.js";
import { type SessionSetting, Sessions } from "./sessions.js";

/** What all channels of one connection belong to. */
export interface ChannelsSetting extends SessionSetting, ForwardingSetting {
  /** What the log says of the peer, as far as it is known. */
  readonly who: () => object;
}

/** Answers all that a peer may ask for on its connection once it has logged in. */
export function serveChannels(setting: ChannelsSetting): void {
  const log = logWith(setting.log, setting.who);
  new Sessions({ ...setting, log });
  serveForwarding({ ...setting, log });
}
