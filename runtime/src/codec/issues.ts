import { printable } from "../base/printable.js";
import type { ValidationError, Validator } from "../contract/method.js";
import type { Issue } from "../contract/rpc-error.js";
import { messageOf } from "./messages.js";

/** The maximum number of issues that one error lists. */
export const MAX_ISSUES = 10;

const UNKNOWN_PROPERTY = "unknown property";

/** The issues of the value that `validator` has just rejected: all of them, up to a limit. */
export function issuesOf(validator: Validator): readonly Issue[] {
  const errors = validator.errors ?? [];
  return errors
    .filter((error) => !isConsequence(error, errors))
    .slice(0, MAX_ISSUES)
    .map(issueOf);
}

/** Whether an error may only follow from another one: a part with a fault does not declare its properties. */
function isConsequence({ keyword, instancePath }: ValidationError, errors: readonly ValidationError[]): boolean {
  const isSecondary = (name: string): boolean => name === "if" || name.startsWith("unevaluated");
  return isSecondary(keyword) && errors.some((other) => !isSecondary(other.keyword) && isWithin(other, instancePath));
}

function isWithin({ instancePath }: ValidationError, path: string): boolean {
  return instancePath === path || instancePath.startsWith(`${path}/`);
}

/** Formats issues as one line: `/text: must NOT have fewer than 1 characters`. */
export function describeIssues(issues: readonly Issue[]): string {
  return issues
    .map(({ path, message }) => {
      const separator = message === UNKNOWN_PROPERTY ? ": " : " ";
      return `${path === "" ? "the value" : printable(path)}${separator}${message}`;
    })
    .join("; ");
}

/** A missing or unknown property is part of the path, like any other location. */
function issueOf({ instancePath, keyword, message, params }: ValidationError): Issue {
  switch (keyword) {
    case "required":
      return { path: child(instancePath, params["missingProperty"]), keyword, message: "is required" };
    case "additionalProperties":
      return { path: child(instancePath, params["additionalProperty"]), keyword, message: UNKNOWN_PROPERTY };
    case "unevaluatedProperties":
      return { path: child(instancePath, params["unevaluatedProperty"]), keyword, message: UNKNOWN_PROPERTY };
    case "enum":
      return { path: instancePath, keyword, message: `must be one of ${list(params["allowedValues"])}` };
    case "const":
      return { path: instancePath, keyword, message: `must be ${JSON.stringify(params["allowedValue"])}` };
    default: {
      // Validators of earlier versions have messages, with types that are not separated by spaces.
      const own = Array.isArray(params["type"]) ? undefined : message;
      return { path: instancePath, keyword, message: own ?? messageOf(keyword, params) };
    }
  }
}

/** RFC 6901, section 3: "~" and "/" are escaped. */
function child(path: string, key: unknown): string {
  return `${path}/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function list(values: unknown): string {
  return Array.isArray(values) ? values.map((value) => JSON.stringify(value)).join(", ") : String(values);
}
