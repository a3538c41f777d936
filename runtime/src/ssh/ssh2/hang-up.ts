import type { Duplex } from "node:stream";

/** Milliseconds that the other side has to close, too. */
const GRACE = 1000;

/**
 * Ends an SSH connection: says goodbye, lets what is written leave, and destroys the socket when the other side has not
 * closed within a second.
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
