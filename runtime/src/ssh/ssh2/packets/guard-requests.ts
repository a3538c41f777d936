import type { Protocol } from "../internals.js";

/** How many more a second are allowed; the keepalive requests of clients are refused, too. */
const PER_SECOND = 10;

/**
 * Counts what a connection has refused: channels, and requests of every kind. None of it costs the peer anything, so
 * nobody else would end it.
 * @param limit how many may be refused at once
 * @param abort ends the connection at once, with the reason for the log
 */
export function guardRequests(protocol: Protocol, limit: number, abort: (reason: string) => void): void {
  let left = limit;
  let last = performance.now();
  const count = () => {
    const now = performance.now();
    left = Math.min(limit, left + ((now - last) / 1000) * PER_SECOND) - 1;
    last = now;
    if (left < 0) abort(`more than ${limit} of its requests were refused (maxRefusals)`);
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
