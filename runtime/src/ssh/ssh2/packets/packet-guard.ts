import type { Carrier } from "../channels/carrier.js";
import { KEXINIT, type Protocol } from "../internals.js";

/** What the packets of one connection are checked against. */
interface PacketGuardConfig {
  readonly socket: Carrier;
  /** Bytes that may be buffered for the peer when it sends another packet. */
  readonly maxSendBuffer: number;
  /** Whether the peer is a client that has not authenticated; always false at the client. */
  readonly isUnauthenticated: () => boolean;
  /** Ends the connection at once, with the reason for the log. */
  readonly abort: (reason: string) => void;
}

/** Numbers of messages (RFC 4250, section 4.1.2). */
const INFO_REQUEST = 60;
const INFO_RESPONSE = 61;

/** The messages allowed before authentication: of the transport, of key exchange, and of authentication itself. */
const PRE_AUTH_MESSAGES: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 7, 50, INFO_RESPONSE]);

/** The default of `maxSendBuffer` on both sides, in bytes. */
export const MAX_SEND_BUFFER = 32 * 1024 * 1024;

/** How many of our packets may wait for the end of a key exchange. */
const MAX_QUEUE = 16_384;

/** How many key exchanges a peer may begin, beside one per second and one per {@link REKEY_BYTES}. */
const REKEYS = 16;

/** OpenSSH's RekeyLimit takes any number of bytes; no reasonable one is smaller. */
const REKEY_BYTES = 65_536;

/**
 * Checks each packet of a connection before ssh2 reads it. ssh2 allocates for the announced number of prompts or
 * answers (protocol/handlers.misc.js:528 and 583), handles every message before authentication, queues packets during a
 * key exchange without a bound (protocol/utils.js:343), and replies to a peer that does not read.
 * test/faults/guard/packets.test.ts notices a change.
 */
export function guardPackets(protocol: Protocol, config: PacketGuardConfig): void {
  const { socket, maxSendBuffer, isUnauthenticated, abort } = config;
  const next = protocol._onPayload;
  const start = performance.now();
  let rekeys = 0;

  const violation = (payload: Buffer): string | undefined => {
    const [type = 0] = payload;
    if (isUnauthenticated() && !PRE_AUTH_MESSAGES.has(type)) return `message ${type} before authentication`;
    if (socket.writableLength > maxSendBuffer)
      return `${socket.writableLength} bytes buffered, and the peer does not read (maxSendBuffer)`;
    if ((protocol._queue?.length ?? 0) > MAX_QUEUE) return `more than ${MAX_QUEUE} replies queued in a key exchange`;
    if (type === KEXINIT && protocol._kexinit === undefined && ++rekeys > allowedRekeys())
      return "too many key exchanges";
    if (type === INFO_RESPONSE && !fits(payload, 1, 4)) return "more answers announced than sent";
    if (type === INFO_REQUEST && !fitsRequest(payload)) return "more prompts announced than sent";
    return undefined;
  };
  const allowedRekeys = () =>
    REKEYS + (performance.now() - start) / 1000 + (socket.bytesRead + socket.bytesWritten) / REKEY_BYTES;

  protocol._onPayload = (payload) => {
    const reason = violation(payload);
    if (reason === undefined) return next(payload);
    abort(reason);
    // Makes ssh2 stop reading.
    return Number.POSITIVE_INFINITY;
  };
}

/** Whether the packet has room for as many items, of at least `size` bytes, as the number at `at` announces. */
function fits(payload: Buffer, at: number, size: number): boolean {
  return payload.length >= at + 4 && payload.readUInt32BE(at) <= (payload.length - at - 4) / size;
}

/**
 * The same for prompts, whose number follows three strings (RFC 4256, section 3.2). Other messages share the number 60.
 */
function fitsRequest(payload: Buffer): boolean {
  let at = 1;
  for (let text = 0; text < 3; text++) {
    // Another message, or a truncated one: ssh2 detects both.
    if (payload.length < at + 4) return true;
    at += 4 + payload.readUInt32BE(at);
  }
  return payload.length < at + 4 || fits(payload, at, 5);
}
