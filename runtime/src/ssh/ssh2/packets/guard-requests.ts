import { TokenBucket } from "../../../base/accounts/token-bucket.js";
import type { Protocol } from "../internals.js";

/** How many refusals are forgotten per second; the keepalive requests of clients are refused, too. */
export const PER_SECOND = 10;

/**
 * Limits the channels and requests that a connection has refused. ssh2 answers any number of them (server.js:546 to
 * 569), and they cost the peer nothing. test/faults/guard/channels.test.ts notices a change.
 * @param limit how many refusals are allowed at once
 * @param abort ends the connection at once, with the reason for the log
 */
export function guardRequests(protocol: Protocol, limit: number, abort: (reason: string) => void): void {
  const refusals = new TokenBucket({ perSecond: PER_SECOND, burst: limit });
  const count = () => {
    if (refusals.take() > 0) abort(`more than ${limit} requests refused (maxRefusals)`);
  };
  const { channelOpenFail, channelFailure, requestFailure } = protocol;
  protocol.channelOpenFail = (...args) => {
    channelOpenFail.apply(protocol, args);
    count();
  };
  protocol.channelFailure = (id) => {
    channelFailure.call(protocol, id);
    count();
  };
  protocol.requestFailure = () => {
    requestFailure.call(protocol);
    count();
  };
}

/**
 * UNIMPLEMENTED, DEBUG, EXT_INFO, and requests: global ones, for channels and on channels (RFC 4250, section 4.1.2). IGNORE is not
 * among them: asyncssh sends one before each packet of data.
 */
const REQUESTS: ReadonlySet<number> = new Set([3, 4, 7, 80, 90, 98]);

/**
 * Limits the rate of requests, also of those that are granted and need no answer, such as changes of the window: ssh2 handles any
 * number of them. Before authentication, `maxPreAuthBytes` limits them.
 * @param limit how many per second
 * @param abort ends the connection at once, with the reason for the log
 */
export function limitRequests(protocol: Protocol, limit: number, abort: (reason: string) => void): void {
  const receive = protocol._onPayload;
  const requests = new TokenBucket({ perSecond: limit });
  protocol._onPayload = (payload) => {
    if (!REQUESTS.has(payload[0] ?? 0) || requests.take() === 0) return receive(payload);
    abort(`more than ${limit} requests per second (maxRequests)`);
    // Makes ssh2 stop reading.
    return Number.POSITIVE_INFINITY;
  };
}
