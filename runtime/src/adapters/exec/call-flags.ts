import { parseDuration } from "../../base/units.js";
import { RpcError } from "../../contract/rpc-error.js";
import { positionProblem } from "../../contract/tracked.js";
import { excerpt } from "../../server/call/excerpt.js";

/** The options of a command line that calls a method. */
export interface CallFlags {
  /** In milliseconds. */
  readonly timeout?: number;
  readonly idempotencyKey?: string;
  /** The position that the response stream begins behind. */
  readonly after?: string;
  /** Whether items are printed with their positions. */
  readonly positions?: true;
}

/** Takes the options out of the words of a call; one that is unknown or repeated stays. @throws RpcError BAD_REQUEST */
export function takeCallFlags(words: readonly string[]): {
  readonly flags: CallFlags;
  readonly rest: readonly string[];
} {
  const timeout = takeValue(words, "--timeout");
  const key = takeValue(timeout.rest, "--idempotency-key");
  const after = takeValue(key.rest, "--after");
  const at = after.rest.indexOf("--positions");
  const flags: CallFlags = {
    ...(timeout.value !== undefined && { timeout: parseTimeout(timeout.value) }),
    ...(key.value !== undefined && { idempotencyKey: key.value }),
    ...(after.value !== undefined && { after: parsePosition(after.value) }),
    ...(at >= 0 && { positions: true }),
  };
  return { flags, rest: at < 0 ? after.rest : after.rest.toSpliced(at, 1) };
}

/** The value of an option, `--name value` or `--name=value`; undefined if it is absent. */
function takeValue(words: readonly string[], name: string): { value?: string; rest: readonly string[] } {
  const at = words.findIndex((word) => word === name || word.startsWith(`${name}=`));
  if (at < 0) return { rest: words };
  const word = words[at] as string;
  if (word !== name) return { value: word.slice(name.length + 1), rest: words.toSpliced(at, 1) };
  return { value: words[at + 1] ?? "", rest: words.toSpliced(at, 2) };
}

function parseTimeout(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds !== undefined && milliseconds >= 1) return milliseconds;
  const value = excerpt(JSON.stringify(text));
  throw new RpcError("BAD_REQUEST", `--timeout: invalid duration ${value}; write 500ms, 2s or 1m, from 1ms to 24 days`);
}

function parsePosition(text: string): string {
  const problem = positionProblem(text);
  if (problem === undefined) return text;
  throw new RpcError("BAD_REQUEST", `--after: ${problem}`);
}
