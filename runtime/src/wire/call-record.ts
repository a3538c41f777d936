import type { StatusName } from "../contract/status.js";

/** How a call of the other side went. Of what was said, it has nothing but the size. */
export interface CallRecord {
  /** The index of the method in the other side's HELLO; undefined where its OPEN was not read so far. */
  readonly method: number | undefined;
  readonly status: StatusName;
  /** From the OPEN to the final status, or to the loss of the connection. */
  readonly milliseconds: number;
  /** Of the request, and of the items that follow it. */
  readonly bytesIn: number;
  /** Of the items, and of the response that follows them. */
  readonly bytesOut: number;
}
