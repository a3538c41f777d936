import type { Duplex } from "node:stream";
import { sending } from "./packet-memory.js";

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
  socket.write = (chunk: unknown, ...args: unknown[]): boolean => {
    if (!isCorked) {
      isCorked = true;
      socket.cork();
      process.nextTick(uncork);
    }
    return args.length === 0 ? write(chunk, sending(chunk)) : write(chunk, ...args);
  };
}
