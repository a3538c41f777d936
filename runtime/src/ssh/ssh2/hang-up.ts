import type { Duplex } from "node:stream";

/** Milliseconds for the peer to close its side. */
const GRACE = 1000;

/**
 * Ends an SSH connection: sends DISCONNECT and what is buffered, and destroys the socket when the peer has not closed
 * within a second.
 */
export function hangUp(connection: { end(): unknown }, socket: Duplex): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), GRACE);
  socket.once("close", () => clearTimeout(timer));
  try {
    connection.end();
    socket.end();
  } catch {
    socket.destroy();
  }
}
