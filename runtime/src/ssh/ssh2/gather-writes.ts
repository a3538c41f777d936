import type { Duplex } from "node:stream";

/**
 * Sends what is written to a socket within one tick together. ssh2 writes each packet in up to three pieces: length,
 * body and tag (protocol/crypto.js:321 to 333). Without Nagle's algorithm each is a system call and a TCP segment of
 * its own. The benchmarks notice a change (`npm run bench -- calls`).
 */
export function gatherWrites(socket: Duplex): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  let isCorked = false;
  const uncork = (): void => {
    isCorked = false;
    socket.uncork();
  };
  socket.write = (...args: unknown[]): boolean => {
    if (!isCorked) {
      isCorked = true;
      socket.cork();
      process.nextTick(uncork);
    }
    return write(...args);
  };
}
