import { OptionError } from "../base/check-options.js";
import { printable } from "../base/printable.js";

/**
 * What happens where the other side was built with another contract. `"warn"`: the log and the observer get the methods that differ.
 * `"refuse"`: calls of these methods fail, too, before they are sent. `"ignore"`: nothing.
 */
export type DriftPolicy = "warn" | "refuse" | "ignore";

/** @throws OptionError for another value */
export function checkDriftPolicy(value: DriftPolicy = "warn"): DriftPolicy {
  if (["warn", "refuse", "ignore"].includes(value)) return value;
  throw new OptionError(
    `option contractDrift: invalid value "${printable(String(value), 60)}"; use "warn", "refuse" or "ignore"`,
  );
}
