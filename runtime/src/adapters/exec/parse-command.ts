import { nearest } from "../../base/nearest.js";
import { RpcError } from "../../contract/rpc-error.js";
import { isVerb, VERBS, type Verb } from "../../contract/verb.js";
import { readJson } from "../session-io/json-text.js";
import { readDuration } from "./duration.js";
import { splitWords } from "./split-words.js";

/** Where the request of a call comes from: the command line as JSON, or as fields; or, where it must, standard input. */
export type RequestSource =
  | { readonly from: "json"; readonly value: unknown }
  | { readonly from: "fields"; readonly fields: ReadonlyMap<string, string> }
  | { readonly from: "input" }
  | { readonly from: "nowhere" };

/** A call, as a command line says it. */
export interface CallCommand {
  readonly name: "call";
  readonly verb: Verb;
  readonly path: string;
  readonly request: RequestSource;
  /** In milliseconds. */
  readonly timeout?: number;
}

/** What a command line says. `topic` is a resource, a path, or a verb and a path. */
export type Command =
  | CallCommand
  | { readonly name: "help" | "describe" | "version"; readonly topic: readonly string[] };

/** What a command line may begin with. */
export const COMMANDS: readonly string[] = [...VERBS, "help", "describe", "version"];

/** Bytes of a command line, however it comes. Over our own SSH server not much more could: a packet has 35,000. */
const MAX_COMMAND = 32 * 1024;

const USAGE = 'a call is: VERB PATH [JSON, or field=value …] [--timeout 2s]; "help" lists what can be called';

/**
 * Reads a command line.
 * @throws RpcError BAD_REQUEST that says what is wrong with it, and what to do; MESSAGE_TOO_LARGE over 32 KiB
 */
export function parseCommand(line: string): Command {
  if (Buffer.byteLength(line) > MAX_COMMAND) {
    const message = `the command is longer than ${MAX_COMMAND} bytes: give the request on standard input`;
    throw new RpcError("MESSAGE_TOO_LARGE", message);
  }
  if (line.includes("\ufffd")) {
    throw new RpcError("BAD_REQUEST", "the command is no UTF-8, or holds U+FFFD: give the request on standard input");
  }
  const [first = "help", ...rest] = splitWords(line);
  if (isVerb(first)) return parseCall(first, rest);
  if (first === "help" || first === "--help" || first === "-h") return { name: "help", topic: rest };
  if (first === "version" || first === "--version") return { name: "version", topic: rest };
  if (first === "describe") return { name: "describe", topic: rest };
  const near = nearest(first, COMMANDS);
  throw new RpcError(
    "BAD_REQUEST",
    `there is no command ${quote(first)}${near === undefined ? "" : `; did you mean ${near}?`} (${USAGE})`,
  );
}

function parseCall(verb: Verb, [path, ...words]: readonly string[]): CallCommand {
  if (path === undefined) throw new RpcError("BAD_REQUEST", `${verb} needs a path (${USAGE})`);
  const { timeout, rest } = takeTimeout(words);
  return { name: "call", verb, path, request: sourceOf(rest), ...(timeout !== undefined && { timeout }) };
}

function takeTimeout(words: readonly string[]): { timeout?: number; rest: readonly string[] } {
  const at = words.findIndex((word) => word === "--timeout" || word.startsWith("--timeout="));
  if (at < 0) return { rest: words };
  const [, inline] = /^--timeout=(.*)$/s.exec(words[at] as string) ?? [];
  const text = inline ?? words[at + 1] ?? "";
  return { timeout: readDuration(text), rest: words.toSpliced(at, inline === undefined ? 2 : 1) };
}

const FIELD = /^([^\s={[]+)=(.*)$/s;

function sourceOf(words: readonly string[]): RequestSource {
  const [first] = words;
  if (first === undefined) return { from: "nowhere" };
  const option = words.find((word) => word.startsWith("--"));
  if (option !== undefined)
    throw new RpcError("BAD_REQUEST", `${quote(option)} is no option, or stands there twice (${USAGE})`);
  if (FIELD.test(first)) return { from: "fields", fields: fieldsOf(words) };
  if (words.length > 1)
    throw new RpcError("BAD_REQUEST", `${quote(words[1] as string)} comes after the whole request (${USAGE})`);
  if (first === "-") return { from: "input" };
  return { from: "json", value: readJson(first, "the request") };
}

function fieldsOf(words: readonly string[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const word of words) {
    const [, name, value] = FIELD.exec(word) ?? [];
    if (name === undefined || value === undefined) {
      throw new RpcError(
        "BAD_REQUEST",
        `${quote(word)} is no field=value; a text with spaces stands in quotes, text="two words", and as ssh takes one ` +
          `layer of them away, in two behind it: 'text="two words"'`,
      );
    }
    if (fields.has(name)) throw new RpcError("BAD_REQUEST", `the field ${quote(name)} is given twice`);
    fields.set(name, value);
  }
  return fields;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
