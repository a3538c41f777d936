import { type Protocol, packetOf } from "./internals.js";

const DISCONNECT = 1;

/** The most characters of a text. */
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
    const payload = Buffer.alloc(1 + 4 + 4 + description.length + 4);
    payload[0] = DISCONNECT;
    payload.writeUInt32BE(code, 1);
    payload.writeUInt32BE(description.length, 5);
    description.copy(payload, 9);
    // At once, also during a key exchange, as ssh2 does.
    protocol._cipher.encrypt(packetOf(protocol, payload));
  };
}
