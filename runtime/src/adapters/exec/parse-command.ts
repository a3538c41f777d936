import { nearest } from "../../base/nearest.js";
import { HEALTH, STATUS } from "../../contract/built-in/operations.js";
import { RpcError } from "../../contract/rpc-error.js";
import { isVerb, VERBS, type Verb } from "../../contract/verb.js";
import { type CallFlags, takeCallFlags } from "./call-flags.js";
import { parseRequest, quoteWord, type RequestSource } from "./request-source.js";
import { splitWords } from "./split-words.js";

/** A command line that calls a method. */
export interface CallCommand extends CallFlags {
  readonly name: "call";
  readonly verb: Verb;
  readonly path: string;
  readonly request: RequestSource;
}

/** A command line, parsed. `topic` is a resource, a path, or a verb and a path. */
export type Command =
  | CallCommand
  | { readonly name: "help" | "describe" | "version"; readonly topic: readonly string[] };

/** Commands that call a built-in method: what they stand for. */
const BUILT_IN_COMMANDS: Readonly<Record<string, readonly [verb: Verb, path: string]>> = {
  contract: ["GET", "/sshrpc/contract"],
  health: [HEALTH.verb, HEALTH.path],
  status: [STATUS.verb, STATUS.path],
};

/** The first words of command lines. */
export const COMMANDS: readonly string[] = [...VERBS, "help", "describe", "version", ...Object.keys(BUILT_IN_COMMANDS)];

/** Bytes of a command line. Over ssh2 it cannot have many more: a packet has 35,000. */
export const MAX_COMMAND = 32 * 1024;

const USAGE =
  "usage: VERB PATH [JSON | FIELD=VALUE ...] [--timeout 2s] [--idempotency-key KEY] [--after POSITION] [--positions]; " +
  '"help" lists the methods';

/**
 * Parses a command line.
 * @throws RpcError BAD_REQUEST that names the fault and the fix; MESSAGE_TOO_LARGE over 32 KiB
 */
export function parseCommand(line: string): Command {
  if (Buffer.byteLength(line) > MAX_COMMAND) {
    const message = `the command is longer than ${MAX_COMMAND} bytes; send the request on standard input`;
    throw new RpcError("MESSAGE_TOO_LARGE", message);
  }
  if (line.includes("\ufffd")) throw invalid("the command is not valid UTF-8; send the request on standard input");
  const [first = "help", ...rest] = splitWords(line);
  if (isVerb(first)) return parseCall(first, rest);
  if (first === "help" || first === "--help" || first === "-h") return { name: "help", topic: rest };
  if (first === "version" || first === "--version") return { name: "version", topic: rest };
  if (first === "describe") return { name: "describe", topic: rest };
  const builtIn = Object.hasOwn(BUILT_IN_COMMANDS, first) ? BUILT_IN_COMMANDS[first] : undefined;
  if (builtIn !== undefined) return parseCall(builtIn[0], [builtIn[1], ...rest]);
  const near = nearest(first, COMMANDS);
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  throw invalid(`unknown command ${quoteWord(first)}${hint} (${USAGE})`);
}

function parseCall(verb: Verb, [path, ...words]: readonly string[]): CallCommand {
  if (path === undefined) throw invalid(`${verb}: missing path (${USAGE})`);
  const { flags, rest } = takeCallFlags(words);
  const option = rest.find((word) => word.startsWith("--"));
  if (option !== undefined) throw invalid(`unknown or repeated option ${quoteWord(option)} (${USAGE})`);
  return { name: "call", verb, path, request: parseRequest(rest), ...flags };
}

function invalid(message: string): RpcError {
  return new RpcError("BAD_REQUEST", message);
}
