import { readRecords } from "../../client/read-records.js";
import { RpcError } from "../../contract/rpc-error.js";

/** One line of an input, without its end. */
export interface InputLine {
  /** For messages: `line 3 of standard input`. */
  readonly name: string;
  readonly text: string;
}

/**
 * Splits `input` into lines, however its chunks are cut. What follows the last line end is a line, unless it is empty.
 * @param limit bytes of a line, and the option that says so, where one does
 * @param source what `input` is, for messages
 * @throws RpcError BAD_REQUEST for what is no UTF-8, MESSAGE_TOO_LARGE
 */
export async function* inputLines(
  input: AsyncIterable<Buffer>,
  limit: { readonly bytes: number; readonly option?: string },
  source = "standard input",
): AsyncGenerator<InputLine, void> {
  let number = 1;
  const name = (): string => `line ${number} of ${source}`;
  try {
    for await (const line of readRecords(input, { maxRecord: limit.bytes })) {
      yield { name: name(), text: decodeInput(line, name()) };
      number++;
    }
  } catch (error) {
    const isTooLarge = error instanceof RpcError && error.status === "MESSAGE_TOO_LARGE";
    throw isTooLarge ? tooLarge(name(), limit.bytes, limit.option) : error;
  }
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

/** The error for input that is longer than `limit` bytes, and than `option` allows, where one does. */
export function tooLarge(what: string, limit: number, option?: string): RpcError {
  const by = option === undefined ? "" : ` (${option})`;
  return new RpcError("MESSAGE_TOO_LARGE", `${what} is longer than ${limit} bytes${by}`);
}
