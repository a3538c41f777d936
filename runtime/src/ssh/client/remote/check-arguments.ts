import { checkOptions, type KnownOptions, OptionError } from "../../../base/check-options.js";
import { wrongNumber, wrongType } from "../../../base/wrong-type.js";

/** A test of a value, and what it must be. */
type Rule = readonly [isValid: (value: unknown) => boolean, expected: string];

const isText = (value: unknown): boolean => typeof value === "string";
const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const text: Rule = [isText, "a string"];

/** The arguments of the methods of an SSH client, and the options whose table does not say what they take. */
const RULES: Readonly<Record<string, Rule>> = {
  command: text,
  host: text,
  local: text,
  remote: text,
  port: [(value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65_535, "a port from 1 to 65535"],
  signal: [(value) => isObject(value) && "addEventListener" in value, "an AbortSignal"],
  env: [(value) => isObject(value) && Object.values(value).every(isText), "an object of strings"],
  input: [(value) => isText(value) || value instanceof Uint8Array, "a string or a Uint8Array"],
  maxBuffer: [(value) => Number.isSafeInteger(value) && Number(value) >= 0, "an integer from 0"],
};

/** Those of {@link RULES} that take a number: an invalid one is out of their range. */
const NUMBERS: ReadonlySet<string> = new Set(["port", "maxBuffer"]);

/**
 * Checks the arguments and options of a method of an SSH client. An invalid one must not reach ssh2, which would close the
 * connection of all users of the client.
 * @param given the arguments by name
 * @throws OptionError that names the argument or option
 */
export function checkArguments(given: Readonly<Record<string, unknown>>, options: object, known: KnownOptions): void {
  for (const [name, value] of Object.entries(given)) checkValue("argument", name, value);
  checkOptions(options, known);
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined) checkValue("option", name, value);
  }
}

function checkValue(noun: "argument" | "option", name: string, value: unknown): void {
  const [isValid, expected = ""] = RULES[name] ?? [];
  if (isValid?.(value) !== false) return;
  const problem = NUMBERS.has(name) ? wrongNumber(value, expected) : wrongType(value, expected);
  throw new OptionError(`${noun} ${name}: ${problem}`);
}
