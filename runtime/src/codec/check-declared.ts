import type { Validator } from "../contract/method.js";
import { describeIssues } from "./issues.js";

/** What a server does with properties that a handler returns and the schema does not declare. */
export type UndeclaredProperties = "drop" | "refuse";

/** @throws Error that names the first property of `value` that its schema does not declare */
export function checkDeclared(value: unknown, { projection }: Validator): void {
  const declared = projection?.write(value);
  const all = JSON.stringify(value);
  // The order of properties may differ.
  if (projection === undefined || declared === undefined || declared === all) return;
  const path = undeclaredPath(JSON.parse(all), JSON.parse(declared));
  if (path !== undefined) throw new Error(describeIssues([{ path, keyword: "", message: "unknown property" }]));
}

/** The JSON pointer (RFC 6901) of the first property of `all` that `declared` does not have. */
function undeclaredPath(all: unknown, declared: unknown): string | undefined {
  if (typeof all !== "object" || all === null || typeof declared !== "object" || declared === null) return undefined;
  for (const [key, value] of Object.entries(all)) {
    const below = Object.hasOwn(declared, key) ? undeclaredPath(value, (declared as typeof all)[key as never]) : "";
    if (below !== undefined) return `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}${below}`;
  }
  return undefined;
}
