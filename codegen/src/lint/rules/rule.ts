import type { Explained } from "../../base/explained.js";
import type { Position } from "../../base/problem.js";
import type { ApiModel } from "../../model/api-model.js";

/** How a finding counts: errors make `sshrpc lint` fail. */
export type Level = "error" | "warn" | "off";

/** The levels, as a config file may have them. */
export const LEVELS: readonly Level[] = ["error", "warn", "off"];

/** What a rule finds. */
export interface Finding {
  readonly at: Position;
  /** The path in the schema, such as `resources.note.GET`. */
  readonly path: string;
  /** The problem and its fix. */
  readonly message: string;
}

/** A rule of `sshrpc lint`. */
export interface RuleInfo extends Explained {
  /** Without a config. */
  readonly level: Exclude<Level, "off">;
}

/** A rule about schemas. */
export interface Rule extends RuleInfo {
  /** @param model with details */
  check(model: ApiModel): Promise<readonly Finding[]> | readonly Finding[];
}
