import type { Connection } from "ssh2";
import { string, uint32 } from "../keys/format/binary-writer.js";
import { attempt, internalsOf, type Protocol, packetOf, sendPayload, wrapHandler } from "./internals.js";

/** SSH_MSG_DISCONNECT, and its reason SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE (RFC 4253, section 11.1). */
const DISCONNECT = 1;
const NO_MORE_AUTH_METHODS = 14;

/** The reason of a connection beyond a limit (RFC 4253, section 11.1). */
export const TOO_MANY_CONNECTIONS = 12;

/** The reason of a client that is done (RFC 4253, section 11.1). */
const BY_APPLICATION = 11;

/**
 * Calls `listener` when a client disconnects, with the reason where it is not the usual one. ssh2 reports the unusual
 * ones as an error like any other, and the usual one not at all (server.js:525). test/interop/audit-log.test.ts notices
 * a change.
 */
export function onDisconnect(connection: Connection, listener: (reason: string | undefined) => void): void {
  const { protocol } = internalsOf(connection);
  wrapHandler<[code: number, text: string]>(protocol, "DISCONNECT", (next) => (self, code, text) => {
    listener(code === BY_APPLICATION ? undefined : `the client disconnected: ${text || `code ${code}`}`);
    return next(self, code, text);
  });
}

/**
 * Tells a client why its connection ends. ssh2's own message has no text (protocol/Protocol.js:324).
 * test/unit/runtime/ssh/server/auth/authentication.test.ts notices a change.
 */
export function disconnectFor(connection: Connection, reason: string, code = NO_MORE_AUTH_METHODS): void {
  const { protocol } = internalsOf(connection);
  const message = [Buffer.of(DISCONNECT), uint32(code), string(reason), string("")];
  attempt(() => sendPayload(protocol, Buffer.concat(message)));
}

/** The maximum number of characters of a text. */
const MAX_TEXT = 200;

/** The texts of the codes that ssh2 sends by itself (RFC 4253, section 11.1). */
const TEXTS = new Map([
  [2, "protocol error"],
  [3, "key exchange failed"],
  [7, "service not available"],
]);

/**
 * Adds a text to the DISCONNECT message, which ssh2 sends without one (protocol/Protocol.js:324).
 * @param text for the peer; by default it follows from the code
 */
export function describeDisconnect(protocol: Protocol, text?: string): void {
  protocol.disconnect = (code) => {
    const description = Buffer.from((text ?? TEXTS.get(code) ?? "the connection is closed").slice(0, MAX_TEXT));
    const payload = Buffer.concat([Buffer.of(DISCONNECT), uint32(code), string(description), string("")]);
    // At once, also during a key exchange, as ssh2 does.
    protocol._cipher.encrypt(packetOf(protocol, payload));
  };
}
