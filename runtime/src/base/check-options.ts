import { nearest } from "./nearest.js";
import { printable } from "./printable.js";
import { wrongType } from "./wrong-type.js";

/** An option with an unknown name or an invalid value. Public functions throw it as the RpcError BAD_REQUEST. */
export class OptionError extends Error {}

/** What an option takes: anything, which other code checks; an object with the options of a table; or one of several types. */
type KnownOption = true | KnownOptions | OneOf;

/** The options that an object may have. */
export interface KnownOptions {
  readonly [name: string]: KnownOption;
}

/** For `satisfies`: an option that is added to `Options` and not to its table does not compile. */
export type OptionTable<Options> = { readonly [Name in keyof Options]-?: KnownOption };

/** The types of {@link oneOf}, with their names in messages. */
const TYPES = {
  array: ["a list", Array.isArray],
  boolean: ["true or false", (value: unknown) => typeof value === "boolean"],
  bytes: ["a Buffer", (value: unknown) => value instanceof Uint8Array],
  false: ["false", (value: unknown) => value === false],
  functions: ["a list of functions", (value: unknown) => isListOf(value, "function")],
  function: ["a function", (value: unknown) => typeof value === "function"],
  instance: ["an instance of a class", (value: unknown) => isTable(value) && !isPlain(value)],
  object: ["an object", (value: unknown) => isTable(value)],
  strings: ["a list of strings", (value: unknown) => isListOf(value, "string")],
  string: ["a string", (value: unknown) => typeof value === "string"],
} as const satisfies Record<string, readonly [string, (value: unknown) => boolean]>;

type OptionType = keyof typeof TYPES;

/** See {@link oneOf}. */
class OneOf {
  readonly types: readonly OptionType[];
  readonly fields: KnownOptions | undefined;

  constructor(types: readonly OptionType[], fields: KnownOptions | undefined) {
    this.types = types;
    this.fields = fields;
  }

  /** What it takes, for messages. */
  describe(): string {
    const names = this.types.map((type) => TYPES[type][0]);
    return [...names, ...(this.fields ? ["an object"] : [])].join(", ").replace(/, ([^,]*)$/, " or $1");
  }
}

/** An option that takes these types, or an object of a table, which the elements of its list may be, too. */
export function oneOf(...kinds: readonly (OptionType | KnownOptions)[]): OneOf {
  const types = kinds.filter((kind) => typeof kind === "string");
  return new OneOf(
    types,
    kinds.find((kind) => typeof kind === "object"),
  );
}

/** The maximum number of known options that a message lists. */
const MAX_LISTED = 20;

/** Names before version 1.0, with the names that replace them; wire/limits.ts has those of the limits. */
const RENAMED: Readonly<Record<string, string>> = {
  addressMemory: "knownAddressTtl",
  change: "changePassword",
  keepaliveMisses: "keepaliveCountMax",
  "korv.patience": "korv.sendTimeout",
  "korv.resource": "korv.mapPath",
  loginBytes: "maxPreAuthBytes",
  maxOutput: "maxBuffer",
  maxUnsent: "maxSendBuffer",
  onError: "onStderr",
  passwords: "verifyPassword",
  permits: "permissions",
  refuse: "deny",
  refused: "deny",
  "anonymous.permits": "anonymous.permissions",
  "peer.permits": "peer.permissions",
  "peer.provenBy": "peer.authMethods",
  "penalties.broken": "penalties.protocolError",
  "penalties.failed": "penalties.authFail",
  "penalties.late": "penalties.graceExceeded",
  "penalties.left": "penalties.noAuth",
  refusalDelay: "authFailureDelay",
};

/**
 * Checks that every option is a known one and has the type of its table, also in nested option objects.
 * @throws OptionError that names the option; for an unknown one also its new name or the nearest known one
 */
export function checkOptions(options: object, known: KnownOptions): void {
  const problem = optionProblem(options, known);
  if (problem !== undefined) throw new OptionError(problem);
}

/** The message of {@link checkOptions}; undefined if all options are known and have their types. */
export function optionProblem(options: object, known: KnownOptions): string | undefined {
  if (!isObject(options)) return `options: ${wrongType(options, "an object")}`;
  return optionProblems(options, known)[0]?.message;
}

/** What is wrong with an option. */
interface OptionProblem {
  /** The names, and indices of lists, that lead to it. */
  readonly path: readonly string[];
  readonly message: string;
}

/** All that is wrong with the names and types of options. */
export function optionProblems(options: object, known: KnownOptions): readonly OptionProblem[] {
  return [...problemsOf(options, known, { noun: "option", path: [] })];
}

/** The message for an unknown field in the answer of a user's function; undefined if all fields are known. */
export function fieldProblem(answer: object, known: KnownOptions): string | undefined {
  return problemsOf(answer, known, { noun: "field", path: [] }).next().value?.message;
}

/** The location of a value, for messages. */
interface Place {
  readonly noun: "option" | "field";
  readonly path: readonly string[];
}

/** A path in messages: `forwarding.permitOpen[0]`. */
function pathText(path: readonly string[]): string {
  return path.map((name, index) => (/^\d+$/.test(name) ? `[${name}]` : `${index === 0 ? "" : "."}${name}`)).join("");
}

function* problemsOf(options: object, known: KnownOptions, place: Place): Generator<OptionProblem, undefined> {
  for (const name in options) {
    const kind = known[name];
    const path = [...place.path, name];
    if (kind === undefined || !Object.hasOwn(known, name)) {
      yield { path, message: describeUnknown(name, known, place) };
      continue;
    }
    const value: unknown = (options as Record<string, unknown>)[name];
    yield* valueProblems(value, kind, { ...place, path });
  }
}

/** @param place the place of the option itself */
function* valueProblems(value: unknown, kind: KnownOption, { noun, path }: Place): Generator<OptionProblem, undefined> {
  if (kind === true || value === undefined) return;
  const { types, fields } = kind instanceof OneOf ? kind : { types: [], fields: kind };
  if (types.some((type) => TYPES[type][1](value))) {
    if (!Array.isArray(value) || fields === undefined) return;
    for (const [index, element] of value.entries()) {
      if (isTable(element)) yield* problemsOf(element, fields, { noun, path: [...path, String(index)] });
    }
  } else if (fields !== undefined && isTable(value)) yield* problemsOf(value, fields, { noun, path });
  else {
    const taken = kind instanceof OneOf ? kind.describe() : "an object";
    yield { path, message: `${noun} ${pathText(path)}: ${wrongType(value, taken)}` };
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isListOf(value: unknown, type: "string" | "function"): boolean {
  return Array.isArray(value) && value.every((element) => typeof element === type);
}

/** Whether a value is an object of options, and not a list or bytes. */
function isTable(value: unknown): value is object {
  return isObject(value) && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function describeUnknown(name: string, known: KnownOptions, { noun, path: parents }: Place): string {
  const parent = parents.length === 0 ? "" : `${pathText(parents)}.`;
  const path = parent + name;
  const renamed = Object.hasOwn(RENAMED, path) ? RENAMED[path] : undefined;
  const names = Object.keys(known);
  if (renamed !== undefined && names.includes(renamed.slice(parent.length))) {
    return `${noun} "${path}" was renamed to "${renamed}"`;
  }
  const near = nearest(name, names);
  const unknown = `unknown ${noun} "${printable(path, 100)}"`;
  if (near !== undefined) return `${unknown} (did you mean "${parent}${near}"?)`;
  return names.length > MAX_LISTED ? unknown : `${unknown}; known ${noun}s: ${names.join(", ")}`;
}
