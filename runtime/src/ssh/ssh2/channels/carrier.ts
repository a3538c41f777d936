import type { Duplex } from "node:stream";

/** What an SSH connection runs on: a TCP socket, or a channel of the connection to a jump host. */
export interface Carrier extends Duplex {
  /** Bytes that came in so far. */
  readonly bytesRead: number;
  /** Bytes that were written so far, also those that wait. */
  readonly bytesWritten: number;
}
