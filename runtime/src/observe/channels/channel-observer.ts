import { channel } from "node:diagnostics_channel";
import { liveObserver } from "../../base/observer/live-observer.js";
import type { Observer } from "../../base/observer/observer.js";
import type { Propagation } from "../../base/observer/propagation.js";

type Event = Exclude<keyof Observer, keyof Propagation>;

/** The channel of each event of an {@link Observer}, after `sshrpc:`. */
const CHANNELS = {
  callStarted: "call.start",
  callEnded: "call.end",
  callRetried: "call.retry",
  handlerStuck: "handler.stuck",
  connectionAdmitted: "connection.admit",
  connectionRefused: "connection.refuse",
  refusalsOmitted: "connection.refuse.omitted",
  connectionOpened: "connection.open",
  connectionClosed: "connection.close",
  connectionDenied: "connection.deny",
  connectFailed: "connection.fail",
  rekeyed: "connection.rekey",
  authenticated: "login.accept",
  authenticationRefused: "login.refuse",
  partiallyAuthenticated: "login.partial",
  passwordChangeRequested: "login.change-password",
  scopesChanged: "access.change",
  reauthorizationFailed: "access.reauthorize.fail",
  accessRevoked: "access.revoke",
  connectionKicked: "connection.kick",
  sessionOpened: "session.open",
  sessionRefused: "session.refuse",
  sessionClosed: "session.close",
  forwardOpened: "forward.open",
  forwardRefused: "forward.refuse",
  forwardClosed: "forward.close",
  listenerOpened: "forward.listen",
  keysReloaded: "keys.reload",
  auditLinesLost: "audit.lose",
  serverStarted: "server.start",
  serverEnded: "server.end",
  configurationReloaded: "server.reload",
  drainStarted: "drain.start",
  drainEnded: "drain.end",
  contractDrift: "contract.drift",
  diagnostic: "diagnostic",
} as const satisfies Record<Event, string>;

/**
 * Publishes the events of servers and clients on channels of `node:diagnostics_channel`, such as `sshrpc:call.end`. At any time it has only the
 * methods whose channels have a subscriber, so the others cost nothing.
 */
export function channelObserver(): Observer {
  const observer: Partial<Record<Event, (event: unknown) => void>> = {};
  const checks: { [Name in Event]?: () => boolean } = {};
  for (const [event, name] of Object.entries(CHANNELS)) {
    const to = channel(`sshrpc:${name}`);
    const publish = (message: unknown): void => to.publish(message);
    checks[event as Event] = () => to.hasSubscribers;
    Object.defineProperty(observer, event, { enumerable: true, get: () => (to.hasSubscribers ? publish : undefined) });
  }
  return liveObserver(observer as Observer, checks);
}
