import type { Client } from "ssh2";
import { globalReplies, internalsOf } from "./internals.js";

/**
 * Sends a keepalive request (`keepalive@openssh.com`), and resolves with the answer, which is a refusal at most servers. ssh2 has no
 * public function for it (client.js:501). test/unit/runtime/cli/ping.test.ts notices a change.
 * @param lost makes the error of a connection that ends before
 */
export function ping(client: Client, lost: () => Error): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = (): void => reject(lost());
    client.once("close", onClose);
    globalReplies(client).push(() => {
      client.off("close", onClose);
      resolve();
    });
    internalsOf(client).protocol.ping();
  });
}
