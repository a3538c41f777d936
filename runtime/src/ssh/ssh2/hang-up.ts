import type { Duplex } from "node:stream";
import type { Client, Connection } from "ssh2";
import { describeDisconnect } from "./disconnect.js";
import { internalsOf } from "./internals.js";

/** Milliseconds for the peer to close its side. */
const GRACE = 1000;

/**
 * Ends an SSH connection: sends DISCONNECT and what is buffered, and destroys the socket when the peer has not closed
 * within a second.
 * @param text for the peer
 */
export function hangUp(connection: Connection | Client, socket: Duplex, text: string): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), GRACE);
  socket.once("close", () => clearTimeout(timer));
  try {
    describeDisconnect(internalsOf(connection).protocol, text);
    connection.end();
    socket.end();
  } catch {
    socket.destroy();
  }
}
