import type { Client, Connection } from "ssh2";
import type { Carrier } from "../channels/carrier.js";
import { internalsOf } from "../internals.js";

/** When a connection gets new keys (RFC 4253, section 9). */
export interface RekeyLimits {
  /** Bytes that it may carry, in both directions, with the same keys. */
  readonly rekeyBytes: number;
  /** Milliseconds for which it may use the same keys. */
  readonly rekeyInterval: number;
  /** Milliseconds that an exchange may take. */
  readonly rekeyTimeout: number;
}

/** How often the limits are looked at, in milliseconds. */
const TICK = 1000;

/**
 * Asks for new keys when a connection has carried much or is old, which ssh2 never does, and ends one whose exchange of
 * keys does not come to an end: nothing else is sent meanwhile. It works on either side, and ends with the socket.
 * @param connection a client has to be told to connect before
 * @param abort ends the connection at once, with the reason for the log
 */
export function keepRekeying(
  connection: Connection | Client,
  socket: Carrier,
  limits: RekeyLimits,
  abort: (reason: string) => void,
): void {
  const { protocol } = internalsOf(connection);
  const carried = () => socket.bytesRead + socket.bytesWritten;
  let before = carried();
  let since = performance.now();
  /** When the exchange that goes on was seen first. */
  let exchanging: number | undefined;
  const look = () => {
    const now = performance.now();
    if (protocol._kexinit !== undefined) {
      exchanging ??= now;
      if (now - exchanging < limits.rekeyTimeout) return;
      clearInterval(timer);
      abort(`the key exchange did not end within ${limits.rekeyTimeout} ms (rekeyTimeout)`);
    } else if (carried() - before >= limits.rekeyBytes || now - since >= limits.rekeyInterval) {
      try {
        protocol.rekey();
        exchanging = now;
      } catch {
        // The connection has ended, and will say so itself.
      }
    } else exchanging = undefined;
  };
  const timer = setInterval(look, Math.min(TICK, Math.ceil(limits.rekeyTimeout / 4))).unref();
  (connection as NodeJS.EventEmitter).on("handshake", () => {
    before = carried();
    since = performance.now();
    exchanging = undefined;
  });
  socket.once("close", () => clearInterval(timer));
}
