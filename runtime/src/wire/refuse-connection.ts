import type { Duplex } from "node:stream";
import { encodeFrame } from "./encode.js";
import { FLAG, FRAME } from "./frame.js";
import { PREAMBLE } from "./preamble.js";

/** Milliseconds that the other side has to close, too. */
const GRACE = 1000;

/** Closes a connection before it begins, and says why: nothing that the other side has sent is looked at. */
export function refuseConnection(duplex: Duplex, reason: string): void {
  const timer = setTimeout(() => duplex.destroy(), GRACE);
  duplex.once("close", () => clearTimeout(timer));
  duplex.on("error", () => undefined).resume();
  const close = { kind: FRAME.CLOSE, flags: FLAG.REFUSED, id: 0, body: JSON.stringify({ message: reason }) };
  duplex.end(Buffer.concat([PREAMBLE, encodeFrame(close)]));
}
