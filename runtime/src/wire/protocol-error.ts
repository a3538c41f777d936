/**
 * The other end broke the protocol. The connection closes, with the message as its reason: after a malformed frame
 * nothing that follows can be trusted to mean what it says.
 */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}
