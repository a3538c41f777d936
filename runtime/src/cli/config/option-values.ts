import { dirname, relative, resolve } from "node:path";
import { InvalidArgumentError, type Option } from "commander";
import { optionProblems } from "../../base/check-options.js";
import { holdsKey } from "../../base/printable.js";
import { wrongType } from "../../base/wrong-type.js";
import { describeJsonFault } from "../../codec/json-fault.js";
import type { ConfigOption } from "./config-options.js";

/** What is wrong with a value. */
interface ValueProblem {
  readonly path: readonly string[];
  readonly message: string;
  /** The text that was rejected, where the message does not say it: not for values of the environment, which may be secret. */
  readonly rejected?: string;
}

/** Values that cannot be those of an option: one message for each, with the path inside the value. */
export class InvalidValue extends Error {
  readonly problems: readonly ValueProblem[];

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
  if (flag === undefined || (table !== undefined && /^[{[]/.test(text))) return valueOfJson(option, text);
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

/** The value of an option with structure, as JSON; another text may be a string that the option takes, such as a path. */
function valueOfJson(option: ConfigOption, text: string): unknown {
  const fault = describeJsonFault(text);
  if (fault === undefined) return checkTable(option, JSON.parse(text) as unknown);
  try {
    if (!/^[{[]/.test(text)) return checkTable(option, text);
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
  }
  const { env = "", key } = option;
  const example = EXAMPLES[key];
  const hint = example === undefined ? "a function needs a config file of code" : `write ${env}='${example}'`;
  // A variable may be secret: its text is not shown.
  return invalid(`${fault.replace(/unexpected token .*/s, "unexpected token")}; ${hint}`);
}

/** Values of options with structure, for messages. Those that take functions have none. */
const EXAMPLES: Readonly<Record<string, string>> = {
  algorithms: '{"cipher":["aes256-gcm@openssh.com"]}',
  anonymous: '{"scopes":["notes:read"]}',
  audit: '{"file":"audit.log","maxSize":67108864}',
  authorizedKeys: '["keys","more-keys"]',
  certificateAuthorities: '["ca.pub"]',
  contractDrift: '"refuse"',
  exec: '{"inputTimeout":60000}',
  exemptSources: '["127.0.0.0/8","10.0.0.0/24"]',
  exposeErrors: "true",
  forwarding: '{"permitOpen":["localhost:5432"]}',
  hostKey: '["host_ed25519","host_rsa"]',
  korv: '{"calls":64}',
  limits: '{"calls":100}',
  maxStartups: '{"start":50,"rate":30,"full":200}',
  penalties: '{"authFail":10000}',
  perKey: '{"calls":100,"rate":50}',
  perSource: '{"address":64}',
  proxyProtocol: '["10.0.0.0/8"]',
  requiredMethods: '["publickey","password"]',
  revokedKeys: '["revoked"]',
  shell: '{"run":"GET /notes"}',
  undeclaredProperties: '"refuse"',
};

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
    const message = `${error.message.charAt(0).toLowerCase()}${error.message.slice(1).replace(/\.$/, "")}`;
    throw new InvalidValue([{ path: [], message, ...(!holdsKey(text) && { rejected: text }) }]);
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
