import type { Connection } from "ssh2";
import { attempt } from "../attempt.js";

/** The reasons for which a channel is not opened (RFC 4254, section 5.1). */
export const CHANNEL_REFUSAL = { prohibited: 1, connectFailed: 2, resourceShortage: 4 } as const;

/** The parts of ssh2's connection that its types do not show. */
interface ConnectionInternals {
  readonly _protocol: { channelOpenFail(recipient: number, code: number, description: string): void };
}

/**
 * Refuses to open a channel, with a reason: ssh2's own `reject` says "connect failed" and nothing more. `reject` is what
 * ssh2 gave along with the request.
 */
export function refuseChannel(
  connection: Connection,
  reject: () => void,
  code: (typeof CHANNEL_REFUSAL)[keyof typeof CHANNEL_REFUSAL],
  description = "",
): void {
  const protocol = (connection as Connection & ConnectionInternals)._protocol;
  const send = protocol.channelOpenFail;
  protocol.channelOpenFail = (recipient) => send.call(protocol, recipient, code, description);
  attempt(reject);
  protocol.channelOpenFail = send;
}
