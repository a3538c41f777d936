import type { Duplex } from "node:stream";
import { encodeFrame } from "./encode.js";
import { FLAG, FRAME } from "./frame.js";
import { PREAMBLE } from "./preamble.js";

/** Time in ms for the peer to close its side, before the duplex is destroyed. */
const GRACE = 1000;

/** Flushes and ends a duplex, and destroys it if the peer does not close its side in time; calls `done` once closed. */
export function closeDuplex(duplex: Duplex, done: () => void): void {
  if (duplex.destroyed) {
    done();
    return;
  }
  duplex.resume();
  duplex.end();
  destroyLater(duplex, done);
}

/** Closes a connection before it begins, with a CLOSE frame that gives the reason. Bytes from the peer are ignored. */
export function refuseConnection(duplex: Duplex, reason: string): void {
  duplex.on("error", () => undefined).resume();
  const close = { kind: FRAME.CLOSE, flags: FLAG.REFUSED, id: 0, body: JSON.stringify({ message: reason }) };
  duplex.end(Buffer.concat([PREAMBLE, encodeFrame(close)]));
  destroyLater(duplex, () => undefined);
}

function destroyLater(duplex: Duplex, done: () => void): void {
  const timer = setTimeout(() => duplex.destroy(), GRACE);
  duplex.once("close", () => {
    clearTimeout(timer);
    done();
  });
}
