import type { Channel } from "ssh2";

/**
 * Opens a channel to the peer. The caller closes it.
 * @param open requests the channel from ssh2
 * @throws Error where the peer refuses it, or does not answer within `timeout` milliseconds
 */
export function openToPeer(
  open: (done: (error: Error | undefined, channel: Channel) => void) => void,
  timeout: number,
): Promise<Channel> {
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      reject(new Error(`the client did not open the channel within ${timeout} ms (forwarding.timeout)`));
    }, timeout);
    open((error, channel) => {
      clearTimeout(timer);
      if (error) reject(error);
      else if (late) channel.close();
      else resolve(channel);
    });
  });
}
