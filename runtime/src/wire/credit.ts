import { HEADER_SIZE } from "./frame.js";

/** The most credit that a stream can have: more is a mistake, or an attempt to overflow a counter. */
export const MAX_CREDIT = 0x7fff_ffff;

/** What an item with so many bytes of payload costs: its whole frame, so that empty items are bounded, too. */
export function itemCost(bytes: number): number {
  return HEADER_SIZE + bytes;
}
