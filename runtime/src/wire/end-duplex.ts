import type { Duplex } from "node:stream";

/** Milliseconds that a transport has to close after the last frame, before it is destroyed. */
const GRACE = 1000;

/** Lets the last frames leave, and makes sure that the duplex ends, whatever the other side does; `done` is called then. */
export function endDuplex(duplex: Duplex, done: () => void): void {
  if (duplex.destroyed) {
    done();
    return;
  }
  duplex.resume();
  duplex.end();
  const timer = setTimeout(() => duplex.destroy(), GRACE);
  duplex.once("close", () => {
    clearTimeout(timer);
    done();
  });
}
