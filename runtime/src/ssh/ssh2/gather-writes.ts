import type { Duplex } from "node:stream";

/**
 * Lets what is written to a socket within one tick leave together. ssh2 writes each packet in three pieces, its length,
 * its body and its tag, and without Nagle's algorithm each of them would be a system call and a TCP segment of its own.
 */
export function gatherWrites(socket: Duplex): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  let gathering = false;
  const release = (): void => {
    gathering = false;
    socket.uncork();
  };
  socket.write = (...args: unknown[]): boolean => {
    if (!gathering) {
      gathering = true;
      socket.cork();
      process.nextTick(release);
    }
    return write(...args);
  };
}
