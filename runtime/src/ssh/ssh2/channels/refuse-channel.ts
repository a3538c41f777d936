import type { Connection } from "ssh2";
import { attempt, internalsOf } from "../internals.js";

/** The reasons for which a channel is not opened (RFC 4254, section 5.1). */
export const CHANNEL_REFUSAL = { prohibited: 1, connectFailed: 2, resourceShortage: 4 } as const;

/**
 * Refuses to open a channel, with a reason and a description. ssh2's own `reject` sends "connect failed" without a
 * description (server.js:554 to 569), so the message is replaced while it runs. test/unit/runtime/ssh/server/forwarding
 * notices a change.
 * @param description default: that the request is not permitted
 * @param reject what ssh2 passed along with the request
 */
export function refuseChannel(
  connection: Connection,
  reject: () => void,
  code: (typeof CHANNEL_REFUSAL)[keyof typeof CHANNEL_REFUSAL],
  description = "",
): void {
  const { protocol } = internalsOf(connection);
  const send = protocol.channelOpenFail;
  protocol.channelOpenFail = (recipient) => send.call(protocol, recipient, code, description || "not permitted");
  attempt(reject);
  protocol.channelOpenFail = send;
}
