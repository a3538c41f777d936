import type { Duplex } from "node:stream";

/** The duplex under an SSH connection: a TCP socket, or a channel of the connection to a jump host. */
export interface Carrier extends Duplex {
  /** Bytes received so far. */
  readonly bytesRead: number;
  /** Bytes written so far, with those that are buffered. */
  readonly bytesWritten: number;
}
