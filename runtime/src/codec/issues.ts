import { printable } from "../base/printable.js";
import type { ValidationError, Validator } from "../contract/method.js";
import type { Issue } from "../contract/rpc-error.js";

/** The maximum number of issues that one error lists. */
export const MAX_ISSUES = 10;

const UNKNOWN_PROPERTY = "unknown property";

/** The issues of the value that `validator` has just rejected. */
export function issuesOf(validator: Validator): readonly Issue[] {
  return (validator.errors ?? []).slice(0, MAX_ISSUES).map(issueOf);
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
function issueOf({ instancePath, keyword, message = keyword, params }: ValidationError): Issue {
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
    default:
      return { path: instancePath, keyword, message };
  }
}

/** RFC 6901, section 3: "~" and "/" are escaped. */
function child(path: string, key: unknown): string {
  return `${path}/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function list(values: unknown): string {
  return Array.isArray(values) ? values.map((value) => JSON.stringify(value)).join(", ") : String(values);
}
