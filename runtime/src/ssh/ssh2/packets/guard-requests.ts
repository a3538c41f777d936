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
  let remaining = limit;
  let last = performance.now();
  const count = () => {
    const now = performance.now();
    remaining = Math.min(limit, remaining + ((now - last) / 1000) * PER_SECOND) - 1;
    last = now;
    if (remaining < 0) abort(`more than ${limit} requests refused (maxRefusals)`);
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
