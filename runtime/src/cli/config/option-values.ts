import { dirname, relative, resolve } from "node:path";
import { InvalidArgumentError, type Option } from "commander";
import { optionProblems } from "../../base/check-options.js";
import { holdsKey } from "../../base/printable.js";
import { wrongType } from "../../base/wrong-type.js";
import type { ConfigOption } from "./config-options.js";

/** Values that cannot be those of an option: one message for each, with the path inside the value. */
export class InvalidValue extends Error {
  readonly problems: readonly { readonly path: readonly string[]; readonly message: string }[];

  constructor(problems: InvalidValue["problems"]) {
    super(problems.map(({ message }) => message).join("\n"));
    this.problems = problems;
  }
}

function invalid(message: string): never {
  throw new InvalidValue([{ path: [], message }]);
}

/** The value of an option in the environment: as after its flag; values of a list are separated by commas. @throws InvalidValue */
export function valueOfText(option: ConfigOption, text: string): unknown {
  const { flag, negative, table } = option;
  const switched = /^(?:true|1)$/i.test(text) ? true : /^(?:false|0)$/i.test(text) ? false : undefined;
  if (isSwitch(option)) return switched ?? invalid("use true or false");
  if (flag === undefined) return checkTable(option, jsonOf(text));
  if (table !== undefined && /^[{[]/.test(text)) return checkTable(option, jsonOf(text));
  if ((negative !== undefined || flag.optional) && /^(?:true|false)$/i.test(text)) return switched;
  try {
    if (!isList(flag, text) || holdsKey(text)) return parse(flag, text);
    return text.split(",").flatMap((one) => parse(flag, one.trim()));
  } catch (error) {
    // Kubernetes sets it in each pod of a namespace with a service of this name.
    if (!(error instanceof InvalidValue) || !text.startsWith("tcp://")) throw error;
    return invalid(
      `${error.message}; Kubernetes sets this variable for a Service named sshrpc: set enableServiceLinks: false`,
    );
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Where a config file is, for its relative paths. */
interface FileLocation {
  readonly file: string;
  readonly cwd: string;
}

/**
 * The value of an option in a config file: of its type, or as after its flag, or as in a program. Paths are relative to the file.
 * @throws InvalidValue
 */
export function valueOfFile(option: ConfigOption, value: unknown, location: FileLocation): unknown {
  const { key, flag, negative, table } = option;
  const isPath = PATHS.has(key) || /[<[](?:file|directory)[\]>.]/.test(flag?.flags ?? "");
  const resolved = isPath || isPlain(value) ? withPaths(value, location) : withLedgerPath(option, value, location);
  if (isSwitch(option)) {
    if (typeof value === "boolean") return value;
    return table ? checkTable(option, resolved) : invalid(wrongType(value, "true or false"));
  }
  if (flag === undefined) return checkTable(option, resolved);
  if (typeof value === "boolean" && (negative !== undefined || flag.optional)) return value;
  if (typeof resolved === "string") {
    if (isPath && value === "") invalid("expected a path, got an empty text");
    return isList(flag, resolved) ? [parse(flag, resolved)].flat() : parse(flag, resolved);
  }
  if (typeof value === "number" && takesNumber(flag)) return parse(flag, String(value));
  const texts = Array.isArray(resolved) && resolved.every((one) => typeof one === "string") ? resolved : undefined;
  if (texts !== undefined && isList(flag, texts[0] ?? "")) return texts.flatMap((one: string) => parse(flag, one));
  if (table !== undefined && value !== null) return checkTable(option, resolved);
  return invalid(wrongType(value, takenBy(flag, isPath)));
}

/** Options without a flag of their own that name files. */
const PATHS: ReadonlySet<string> = new Set(["certificateAuthorities", "schema", "out"]);

function isSwitch({ flag, negative }: ConfigOption): boolean {
  return flag === undefined ? negative !== undefined : flag.isBoolean();
}

function parse(flag: Option, text: string): unknown {
  if (flag.parseArg === undefined) return flag.variadic ? [text] : text;
  try {
    return (flag.parseArg as (text: string, earlier: undefined) => unknown)(text, undefined);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    return invalid(`${error.message.charAt(0).toLowerCase()}${error.message.slice(1).replace(/\.$/, "")}`);
  }
}

/** Whether a flag may be repeated, or has a list. */
function isList(flag: Option, sample: string): boolean {
  return flag.variadic || (flag.parseArg !== undefined && Array.isArray(parse(flag, sample)));
}

function takesNumber(flag: Option): boolean {
  try {
    return flag.parseArg !== undefined && typeof parse(flag, "1") === "number";
  } catch {
    // 1 is out of its range, or it is a choice.
    return flag.argChoices === undefined && !/<(?:file|directory)>/.test(flag.flags);
  }
}

function takenBy(flag: Option, isPath: boolean): string {
  if (isPath) return "a path";
  if (/<duration>/.test(flag.flags)) return 'a number of ms or a duration such as "5s"';
  return takesNumber(flag) ? "a number" : "a string";
}

/** Checks a value as that of the option of a program. */
function checkTable({ key, table = {} }: ConfigOption, value: unknown): unknown {
  const [name = key] = Object.keys(table);
  const problems = optionProblems({ [name]: value }, table);
  if (problems.length === 0) return value;
  // The place of the option precedes the message.
  throw new InvalidValue(
    problems.map(({ path, message }) => ({ path: path.slice(1), message: message.replace(/^option \S+: /, "") })),
  );
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** A ledger may be in a file. */
function withLedgerPath({ key }: ConfigOption, value: unknown, location: FileLocation): unknown {
  if (key !== "ledger" || typeof value !== "string" || !value.startsWith(LEDGER_FILE)) return value;
  return LEDGER_FILE + withPaths(value.slice(LEDGER_FILE.length), location);
}

const LEDGER_FILE = "file:";

/** Makes the paths in a value of an option relative to the working directory. The text of a key, and `-`, are no paths. */
function withPaths(value: unknown, location: FileLocation): unknown {
  if (typeof value === "string") {
    if (value === "" || value === "-" || value.startsWith("~/") || holdsKey(value)) return value;
    const path = resolve(dirname(location.file), value);
    const shown = relative(location.cwd, path) || ".";
    return shown.startsWith("..") ? path : shown;
  }
  if (Array.isArray(value)) return value.map((one) => withPaths(one, location));
  if (!isPlain(value)) return value;
  const fields = Object.entries(value).map(([name, field]) => {
    return [name, name === "file" || name === "privateKey" ? withPaths(field, location) : field];
  });
  return Object.fromEntries(fields);
}
