import type { Duplex } from "node:stream";

/**
 * Joins two duplexes: each writes what the other reads, and either direction may end while the other goes on. When one is
 * destroyed, so is the other, after it has written what was read.
 */
export function splice(near: Duplex, far: Duplex): void {
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    from.on("error", () => to.destroy());
    from.on("close", () => {
      // After both directions have ended, the other one finishes on its own.
      if (from.readableEnded && from.writableFinished) return;
      // What has been read is still to be written.
      if (from.readableEnded && !to.writableFinished) to.once("finish", () => to.destroy());
      else to.destroy();
    });
    from.pipe(to);
  }
}
