import type { Turn } from "../../base/accounts/turns.js";
import { readRecords } from "../../client/read-records.js";
import { RpcError } from "../../contract/rpc-error.js";

/** One line of an input, without its line end. */
interface InputLine {
  /** For messages: `standard input, line 3`. */
  readonly name: string;
  readonly text: string;
}

/**
 * Splits `input` into lines, wherever its chunks are cut. A last line without a line end is a line, unless it is empty.
 * @param limit bytes of a line, the option that sets the limit, where one does, and the turns in which lines are read
 * @param source names the input in messages
 * @throws RpcError BAD_REQUEST for invalid UTF-8, MESSAGE_TOO_LARGE
 */
export async function* inputLines(
  input: AsyncIterable<Buffer>,
  limit: { readonly bytes: number; readonly option?: string; readonly turn?: Turn | undefined },
  source = "standard input",
): AsyncGenerator<InputLine, void> {
  let number = 1;
  const name = (): string => `${source}, line ${number}`;
  try {
    for await (const line of readRecords(input, { maxRecord: limit.bytes })) {
      yield { name: name(), text: decodeInput(line, name()) };
      number++;
      const passed = limit.turn?.pass();
      if (passed !== undefined) await passed;
    }
  } catch (error) {
    const isTooLarge = error instanceof RpcError && error.status === "MESSAGE_TOO_LARGE";
    throw isTooLarge ? inputTooLarge(name(), limit.bytes, limit.option) : error;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Decodes the bytes of one text. @throws RpcError BAD_REQUEST for invalid UTF-8 */
export function decodeInput(bytes: Uint8Array, what: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new RpcError("BAD_REQUEST", `${what}: not valid UTF-8`);
  }
}

/** The error for an input that is longer than `limit` bytes; `option` names the limit, where it has a name. */
export function inputTooLarge(what: string, limit: number, option?: string): RpcError {
  const name = option === undefined ? "" : ` (${option})`;
  return new RpcError("MESSAGE_TOO_LARGE", `${what}: longer than the limit of ${limit} bytes${name}`);
}
