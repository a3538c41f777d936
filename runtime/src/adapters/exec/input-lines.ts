import { RpcError } from "../../contract/rpc-error.js";
import { readRecords } from "../../read-records.js";

/** One line of standard input, without its end. */
export interface InputLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

/**
 * Splits `input` into lines, however its chunks are cut. What follows the last line end is a line, unless it is empty.
 * @param limit bytes of a line
 * @throws RpcError BAD_REQUEST for what is no UTF-8, MESSAGE_TOO_LARGE
 */
export async function* inputLines(input: AsyncIterable<Buffer>, limit: number): AsyncGenerator<InputLine, void> {
  let number = 1;
  try {
    for await (const line of readRecords(input, { maxRecord: limit })) {
      yield { number, text: decodeInput(line, lineName(number)) };
      number++;
    }
  } catch (error) {
    const isTooLarge = error instanceof RpcError && error.status === "MESSAGE_TOO_LARGE";
    throw isTooLarge ? tooLarge(lineName(number), limit) : error;
  }
}

/** How messages name a line. */
export function lineName(number: number): string {
  return `line ${number} of standard input`;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The text of some bytes that belong together. @throws RpcError BAD_REQUEST where they are no UTF-8 */
export function decodeInput(bytes: Uint8Array, what: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new RpcError("BAD_REQUEST", `${what} is no UTF-8`);
  }
}

/** The error for input that is longer than `limit` bytes. */
export function tooLarge(what: string, limit: number): RpcError {
  return new RpcError("MESSAGE_TOO_LARGE", `${what} is longer than ${limit} bytes (limits.message)`);
}
