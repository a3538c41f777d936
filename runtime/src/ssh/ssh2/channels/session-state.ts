import type { Connection, ServerChannel, Session } from "ssh2";
import { attempt, channelInternals, internalsOf, sessionInternals } from "../internals.js";

/**
 * Releases a session that the client closed before a program ran in it. ssh2 keeps it, and never confirms the close
 * (server.js:1038, utils.js:44). test/unit/runtime/ssh/ssh2/channels/session-state.test.ts notices a change.
 */
export function releaseSession(connection: Connection, session: Session): void {
  const { _channel, _chanInfo } = sessionInternals(session);
  if (_channel !== undefined) return;
  const { protocol, channels } = internalsOf(connection);
  channels.remove(_chanInfo.incoming.id);
  attempt(() => protocol.channelClose(_chanInfo.outgoing.id));
}

/**
 * Keeps a session open for requests after the client's EOF. ssh2 would ignore signals and window changes from then on
 * (server.js:864 and 1022). test/unit/runtime/ssh/server/sessions.test.ts notices a change.
 */
export function acceptRequestsAfterEof(session: Session): void {
  sessionInternals(session)._ending = false;
}

/**
 * Ends the input of a channel whose session got its EOF before the channel was opened: ssh2 forgets it
 * (server.js:1028). test/unit/runtime/ssh/ssh2/channels/session-state.test.ts notices a change.
 */
export function endInput(channel: ServerChannel): void {
  channelInternals(channel).incoming.state = "eof";
  channel.push(null);
}
