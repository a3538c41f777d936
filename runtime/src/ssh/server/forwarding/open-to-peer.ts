import type { Channel } from "ssh2";
import { withTimeout } from "../../../base/async/with-timeout.js";

/**
 * Opens a channel to the peer. The caller closes it.
 * @param open requests the channel from ssh2
 * @throws Error where the peer refuses it, or does not answer within `timeout` milliseconds
 */
export function openToPeer(
  open: (done: (error: Error | undefined, channel: Channel) => void) => void,
  timeout: number,
): Promise<Channel> {
  const opened = new Promise<Channel>((resolve, reject) => {
    open((error, channel) => (error ? reject(error) : resolve(channel)));
  });
  return withTimeout(opened, timeout, {
    message: `the client did not open the channel within ${timeout} ms (forwarding.timeout)`,
    onLate: (channel) => channel.close(),
  });
}
