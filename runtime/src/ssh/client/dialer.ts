import type { EventEmitter } from "node:events";
import type { Target } from "../target.js";
import type { DialChannel } from "./dial-channel.js";

/** Makes SSH connections to one host, each with one channel of any kind. */
export interface Dialer {
  /** As it was written, with the defaults; ~/.ssh/config may lead elsewhere. */
  readonly to: Target;
  /** Where it leads, for messages. */
  readonly address: string;
  /** Rejects as {@link Transport}'s `open` does. */
  dial<Opened extends EventEmitter, Raw>(channel: DialChannel<Opened, Raw>, signal?: AbortSignal): Promise<Opened>;
}
