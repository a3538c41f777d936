import { RpcError } from "../../contract/rpc-error.js";

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
  let parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of input) {
    let start = 0;
    while (start < chunk.length) {
      const end = chunk.indexOf(10, start);
      const part = chunk.subarray(start, end < 0 ? chunk.length : end);
      size += part.length;
      if (size > limit) throw tooLarge(lineName(number), limit);
      parts.push(part);
      if (end < 0) break;
      yield { number, text: decodeInput(parts, lineName(number)) };
      number++;
      parts = [];
      size = 0;
      start = end + 1;
    }
  }
  if (size > 0) yield { number, text: decodeInput(parts, lineName(number)) };
}

/** How messages name a line. */
export function lineName(number: number): string {
  return `line ${number} of standard input`;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The text of some bytes that belong together. @throws RpcError BAD_REQUEST where they are no UTF-8 */
export function decodeInput(parts: readonly Buffer[], what: string): string {
  try {
    return utf8.decode(parts.length === 1 ? parts[0] : Buffer.concat(parts));
  } catch {
    throw new RpcError("BAD_REQUEST", `${what} is no UTF-8`);
  }
}

/** The error for input that is longer than `limit` bytes. */
export function tooLarge(what: string, limit: number): RpcError {
  return new RpcError("MESSAGE_TOO_LARGE", `${what} is longer than ${limit} bytes (limits.message)`);
}
