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
  return problemOf(options, known, { noun: "option", parent: "" });
}

/** The message for an unknown field in the answer of a user's function; undefined if all fields are known. */
export function fieldProblem(answer: object, known: KnownOptions): string | undefined {
  return problemOf(answer, known, { noun: "field", parent: "" });
}

/** The location of a name, for messages. */
interface Place {
  readonly noun: "option" | "field";
  /** The path of the object, with a dot at its end. */
  readonly parent: string;
}

function problemOf(options: object, known: KnownOptions, place: Place): string | undefined {
  for (const name in options) {
    const kind = known[name];
    if (kind === undefined || !Object.hasOwn(known, name)) return describeUnknown(name, known, place);
    const value: unknown = (options as Record<string, unknown>)[name];
    const problem = valueProblem(value, kind, { ...place, parent: place.parent + name });
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** @param place the path of the option itself, without a dot */
function valueProblem(value: unknown, kind: KnownOption, { noun, parent }: Place): string | undefined {
  if (kind === true || value === undefined) return undefined;
  const { types, fields } = kind instanceof OneOf ? kind : { types: [], fields: kind };
  if (types.some((type) => TYPES[type][1](value))) {
    if (!Array.isArray(value) || fields === undefined) return undefined;
    const tables = value.map((element, index) => isTable(element) && { element, index });
    for (const table of tables) {
      const problem = table && problemOf(table.element, fields, { noun, parent: `${parent}[${table.index}].` });
      if (problem) return problem;
    }
    return undefined;
  }
  if (fields !== undefined && isTable(value)) return problemOf(value, fields, { noun, parent: `${parent}.` });
  const taken = kind instanceof OneOf ? kind.describe() : "an object";
  return `${noun} ${parent}: ${wrongType(value, taken)}`;
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

function describeUnknown(name: string, known: KnownOptions, { noun, parent }: Place): string {
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
