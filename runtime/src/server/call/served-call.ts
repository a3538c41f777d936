import type { Peer } from "../../base/peer.js";
import type { StatusName } from "../../contract/status.js";

/** How a call went that a server was asked for. Of what was said, it has nothing but the size. */
export interface ServedCall {
  readonly peer: Peer;
  /** The id of the method, such as `GET /notes/{id}`; what the caller asked for, where there is no such method. */
  readonly method: string;
  readonly status: StatusName;
  /** Until the final status was given, or the connection was lost, which counts as CANCELLED. */
  readonly milliseconds: number;
  /** Of the request, and the items that follow it. */
  readonly bytesIn: number;
  /** Of the items, and the response that follows them. */
  readonly bytesOut: number;
}
