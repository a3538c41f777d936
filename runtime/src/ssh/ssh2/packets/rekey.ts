import type { Client, Connection } from "ssh2";
import { everyInterval } from "../../../base/async/shared-interval.js";
import type { Carrier } from "../channels/carrier.js";
import { internalsOf } from "../internals.js";

/** When a connection is rekeyed (RFC 4253, section 9). */
export interface RekeyLimits {
  /** Bytes in both directions under the same keys. */
  readonly rekeyBytes: number;
  /** Milliseconds under the same keys. */
  readonly rekeyInterval: number;
  /** Milliseconds that a key exchange may take. */
  readonly rekeyTimeout: number;
}

/** The defaults of both sides. */
export const REKEY_DEFAULTS: RekeyLimits = { rekeyBytes: 1024 ** 3, rekeyInterval: 3_600_000, rekeyTimeout: 30_000 };

/** How often the limits are checked, in milliseconds. */
const TICK = 1000;

/**
 * Starts a key exchange when a connection reaches a limit, and ends a connection whose key exchange takes too long:
 * ssh2 does neither (protocol/Protocol.js:354), and queues everything else during an exchange. Works on either side,
 * from `connect` on, until the socket closes. test/faults/guard/rekey.test.ts notices a change.
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
  /** When the key exchange in progress was first seen. */
  let exchangingSince: number | undefined;
  const check = (now: number): void => {
    if (protocol._kexinit !== undefined) {
      exchangingSince ??= now;
      if (now - exchangingSince < limits.rekeyTimeout) return;
      stop();
      abort(`key exchange timed out after ${limits.rekeyTimeout} ms (rekeyTimeout)`);
    } else if (carried() - before >= limits.rekeyBytes || now - since >= limits.rekeyInterval) {
      try {
        protocol.rekey();
        exchangingSince = now;
      } catch {
        // The connection has ended, and reports that itself.
      }
    } else exchangingSince = undefined;
  };
  const stop = everyInterval(Math.min(TICK, Math.ceil(limits.rekeyTimeout / 4)), check);
  (connection as NodeJS.EventEmitter).on("handshake", () => {
    before = carried();
    since = performance.now();
    exchangingSince = undefined;
  });
  socket.on("close", stop);
}
