import type { Duplex } from "node:stream";
import type { Client, Connection } from "ssh2";
import { DISCONNECT_REASON, type DisconnectReason, sendDisconnect } from "./disconnect.js";

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
    sendDisconnect(connection, DISCONNECT_REASON.byApplication, text);
    connection.end();
    socket.end();
  } catch {
    socket.destroy();
  }
}

/** Unsent bytes up to which DISCONNECT is sent after them. */
const MAX_UNSENT = 65_536;

/**
 * Ends an SSH connection without waiting for the peer: reads nothing more, and destroys the socket once DISCONNECT is written. A
 * peer that does not read gets none.
 * @param text for the peer
 */
export function breakOff(
  connection: Connection | Client,
  socket: Duplex,
  text: string,
  reason: DisconnectReason = DISCONNECT_REASON.byApplication,
): void {
  if (socket.destroyed || socket.writableLength > MAX_UNSENT) {
    socket.destroy();
    return;
  }
  socket.removeAllListeners("data");
  sendDisconnect(connection, reason, text);
  if (socket.writableEnded || socket.writableLength === 0) {
    socket.destroy();
    return;
  }
  const timer = setTimeout(() => socket.destroy(), GRACE);
  socket.once("close", () => clearTimeout(timer));
  socket.end(() => socket.destroy());
}
