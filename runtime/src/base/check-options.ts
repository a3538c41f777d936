import { nearest } from "./nearest.js";
import { printable } from "./printable.js";

/** An option with an unknown name or an invalid value. Public functions throw it as the RpcError BAD_REQUEST. */
export class OptionError extends Error {}

/** The options that an object may have. An option that takes an object has a nested table. */
export interface KnownOptions {
  readonly [name: string]: true | KnownOptions;
}

/** For `satisfies`: an option that is added to `Options` and not to its table does not compile. */
export type OptionTable<Options> = { readonly [Name in keyof Options]-?: true | KnownOptions };

/** The maximum number of known options that a message lists. */
const MAX_LISTED = 16;

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
 * Checks that every option is a known one, also in nested option objects.
 * @throws OptionError that names the unknown option, and its new name or the nearest known one
 */
export function checkOptions(options: object, known: KnownOptions): void {
  const problem = optionProblem(options, known);
  if (problem !== undefined) throw new OptionError(problem);
}

/** The message of {@link checkOptions}; undefined if all options are known. */
export function optionProblem(options: object, known: KnownOptions): string | undefined {
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
    const nested = known[name];
    if (nested === true) continue;
    if (nested === undefined || !Object.hasOwn(known, name)) return describeUnknown(name, known, place);
    const value: unknown = (options as Record<string, unknown>)[name];
    if (typeof value !== "object" || value === null) continue;
    const problem = problemOf(value, nested, { ...place, parent: `${place.parent}${name}.` });
    if (problem !== undefined) return problem;
  }
  return undefined;
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
