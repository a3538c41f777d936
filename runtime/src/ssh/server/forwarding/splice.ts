import type { Duplex } from "node:stream";

/**
 * Joins two duplexes: what one reads the other writes, and either direction may end while the other goes on. Where one is
 * cut off, so is the other.
 */
export function splice(near: Duplex, far: Duplex): void {
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    from.on("error", () => to.destroy());
    from.on("close", () => {
      // One that has ended in both directions leaves the other to finish on its own.
      if (!from.readableEnded || !from.writableFinished) to.destroy();
    });
    from.pipe(to);
  }
}
