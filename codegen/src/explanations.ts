import type { Explained } from "./base/explained.js";
import { ALL_RULES } from "./lint/rules.js";

/** Everything that `sshrpc explain` explains. */
export const EXPLANATIONS: readonly Explained[] = [
  ...ALL_RULES.map(({ id, title, level, explanation }) => ({
    id,
    title,
    explanation:
      `${explanation}\n\nLevel: ${level}. Another level, in sshrpc.config.json: "lint": { "rules": { "${id}": "off" } }\n` +
      `One place, above it in the schema: // sshrpc-lint-ignore ${id}: reason`,
  })),
];
