import type { Client, Connection } from "ssh2";
import { string, uint32 } from "../keys/format/binary-writer.js";
import { attempt, internalsOf, type Protocol, sendAtOnce, wrapHandler } from "./internals.js";

/** SSH_MSG_DISCONNECT (RFC 4253, section 11.1). */
const DISCONNECT = 1;

/** Reasons of SSH_MSG_DISCONNECT. */
export const DISCONNECT_REASON = {
  protocolError: 2,
  byApplication: 11,
  tooManyConnections: 12,
  noMoreAuthMethods: 14,
} as const;

/** One of {@link DISCONNECT_REASON}. */
export type DisconnectReason = (typeof DISCONNECT_REASON)[keyof typeof DISCONNECT_REASON];

/**
 * Calls `listener` when a client disconnects, with the reason where it is not the usual one. ssh2 reports the unusual
 * ones as an error like any other, and the usual one not at all (server.js:525). test/interop/audit-log.test.ts notices
 * a change.
 */
export function onDisconnect(connection: Connection, listener: (reason: string | undefined) => void): void {
  const { protocol } = internalsOf(connection);
  wrapHandler<[code: number, text: string]>(protocol, "DISCONNECT", (next) => (self, code, text) => {
    listener(
      code === DISCONNECT_REASON.byApplication ? undefined : `the client disconnected: ${text || `code ${code}`}`,
    );
    return next(self, code, text);
  });
}

/** The maximum number of characters of a text. */
const MAX_TEXT = 200;

/** The texts of the codes that ssh2 sends by itself (RFC 4253, section 11.1). */
const TEXTS = new Map([
  [2, "protocol error"],
  [3, "key exchange failed"],
  [7, "service not available"],
]);

/** The connections that have sent their message. */
const sent = new WeakSet<Protocol>();

/**
 * Adds a text to the DISCONNECT message, which ssh2 sends without one (protocol/Protocol.js:324), and sends only the first.
 * test/unit/runtime/ssh/ssh2/disconnect.test.ts notices a change.
 * @param text for the peer; by default it follows from the reason
 */
export function describeDisconnect(protocol: Protocol, text?: string): void {
  protocol.disconnect = (reason) => {
    if (sent.has(protocol)) return;
    sent.add(protocol);
    const description = Buffer.from((text ?? TEXTS.get(reason) ?? "the connection is closed").slice(0, MAX_TEXT));
    const payload = Buffer.concat([Buffer.of(DISCONNECT), uint32(reason), string(description), string("")]);
    sendAtOnce(protocol, payload);
  };
}

/** Sends DISCONNECT to a peer that has identified itself: before, it could not read the message. */
export function sendDisconnect(connection: Connection | Client, reason: DisconnectReason, text: string): void {
  const { protocol } = internalsOf(connection);
  if (protocol?._remoteIdentRaw === undefined) return;
  describeDisconnect(protocol, text);
  attempt(() => protocol.disconnect(reason));
}
