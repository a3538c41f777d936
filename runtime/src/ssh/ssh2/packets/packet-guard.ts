import type { Carrier } from "../channels/carrier.js";
import type { Protocol } from "../internals.js";

/** What bounds the packets of one connection. */
export interface PacketLimits {
  /** Bytes that may wait to be sent when another packet comes in. */
  readonly maxSendBuffer: number;
}

/** Numbers of messages (RFC 4250, section 4.1.2). */
const KEXINIT = 20;
const INFO_REQUEST = 60;
const INFO_RESPONSE = 61;

/** Those which a client may send before it has logged in: of the transport, for keys, and for the login itself. */
const LOGIN_MESSAGES: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 7, 50, INFO_RESPONSE]);

/** How many packets of ours may wait for the end of a key exchange. */
const MAX_QUEUE = 16_384;

/** How many key exchanges a peer may begin, beside one a second and one for each {@link REKEY_BYTES}. */
const REKEYS = 16;

/** OpenSSH can be told to ask for new keys after any number of bytes; no reasonable one is smaller. */
const REKEY_BYTES = 65_536;

/**
 * Looks at each packet of a connection before ssh2 does, which believes what it says: counts of answers that it reserves
 * memory for, messages that have no place before the login, replies to a peer that does not read them.
 * @param isUnauthenticated whether the peer is a client that has not logged in; never for the client's side
 * @param abort ends the connection at once, with the reason for the log
 */
export function guardPackets(
  protocol: Protocol,
  socket: Carrier,
  limits: PacketLimits,
  isUnauthenticated: () => boolean,
  abort: (reason: string) => void,
): void {
  const next = protocol._onPayload;
  const start = performance.now();
  let rekeys = 0;

  const objection = (payload: Buffer): string | undefined => {
    const [type = 0] = payload;
    if (isUnauthenticated() && !LOGIN_MESSAGES.has(type)) return `it sends message ${type} before it has logged in`;
    if (socket.writableLength > limits.maxSendBuffer)
      return `${socket.writableLength} bytes wait for it to read (maxSendBuffer)`;
    if ((protocol._queue?.length ?? 0) > MAX_QUEUE) return "it does not finish a key exchange, and sends requests";
    if (type === KEXINIT && protocol._kexinit === undefined && ++rekeys > allowedRekeys())
      return "it asks for too many keys";
    if (type === INFO_RESPONSE && !fits(payload, 1, 4)) return "it announces more answers than it sends";
    if (type === INFO_REQUEST && !fitsRequest(payload)) return "it announces more questions than it sends";
    return undefined;
  };
  const allowedRekeys = () =>
    REKEYS + (performance.now() - start) / 1000 + (socket.bytesRead + socket.bytesWritten) / REKEY_BYTES;

  protocol._onPayload = (payload) => {
    const reason = objection(payload);
    if (reason === undefined) return next(payload);
    abort(reason);
    // ssh2's word for: read no further.
    return Number.POSITIVE_INFINITY;
  };
}

/** Whether the packet has room for as many items, of at least `size` bytes, as the number at `at` announces. */
function fits(payload: Buffer, at: number, size: number): boolean {
  return payload.length >= at + 4 && payload.readUInt32BE(at) <= (payload.length - at - 4) / size;
}

/** The same for questions, whose number follows three texts (RFC 4256, section 3.2). Others share the number 60. */
function fitsRequest(payload: Buffer): boolean {
  let at = 1;
  for (let text = 0; text < 3; text++) {
    // Not the message that is meant, or cut: both are ssh2's to tell.
    if (payload.length < at + 4) return true;
    at += 4 + payload.readUInt32BE(at);
  }
  return payload.length < at + 4 || fits(payload, at, 5);
}
