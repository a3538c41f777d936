import type { JsonSchema } from "sshrpc/contract";
import type { Doc } from "./hint.js";

/**
 * Adds what a comment says. A schema's own `description` and `deprecated` go before it. The reason of a `@deprecated`
 * stays in the description, because JSON Schema's `deprecated` is true or false.
 */
export function describe(schema: JsonSchema, { description, deprecated }: Doc): JsonSchema {
  const reason = typeof deprecated === "string" ? `@deprecated ${deprecated}` : undefined;
  const text = [description, reason].filter((part) => part !== undefined).join("\n\n");
  return {
    ...(text === "" ? {} : { description: text }),
    ...(deprecated === undefined ? {} : { deprecated: true }),
    ...schema,
  };
}
