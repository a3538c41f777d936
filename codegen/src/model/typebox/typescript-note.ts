import type { JsonSchema } from "sshrpc/contract";
import { type KeyPart, keyParts, patternOf } from "../../base/key-pattern.js";

/** The annotation for what TypeScript can say about a type, and JSON Schema cannot. */
export const TYPESCRIPT = "x-typescript";

/** The value of {@link TYPESCRIPT}. */
interface TypeScriptNote {
  /** The type as text, where it is narrower than that of the schema. */
  readonly type?: string;
  /** Whether the property is read-only: `Type.Readonly`. */
  readonly readonly?: boolean;
  /** Whether the array or tuple is read-only: `Type.Immutable`. */
  readonly immutable?: boolean;
}

/** The annotation of a schema of the contract; empty if it has none. */
export function typescriptNote(schema: unknown): TypeScriptNote {
  const note = typeof schema === "object" && schema !== null ? (schema as JsonSchema)[TYPESCRIPT] : undefined;
  return typeof note === "object" && note !== null ? note : {};
}

/** `schema` with the annotation for the modifiers of a TypeBox type. @param type the type as text, if it is known */
export function annotate(schema: JsonSchema, typebox: JsonSchema, type?: string): JsonSchema {
  const note: TypeScriptNote = {
    ...(type === undefined ? {} : { type }),
    ...(typebox["~readonly"] === true ? { readonly: true } : {}),
    ...(typebox["~immutable"] === true ? { immutable: true } : {}),
    ...typescriptNote(schema),
  };
  return Object.keys(note).length === 0 ? schema : { ...schema, [TYPESCRIPT]: note };
}

/** A template literal type: its pattern with special characters escaped, which TypeBox forgets, and its text. */
interface Template {
  readonly pattern: string;
  readonly type: string;
}

/** Reads a `Type.TemplateLiteral`; undefined where its pattern does not show the literal. */
export function readTemplate({ pattern }: JsonSchema): Template | undefined {
  const parts = typeof pattern === "string" ? keyParts(pattern, false) : undefined;
  return parts === undefined ? undefined : { pattern: patternOf(parts), type: templateText(parts) };
}

/** The template literal type for parts. */
export function templateText(parts: readonly KeyPart[]): string {
  const texts = parts.map((part) => {
    if (typeof part === "string") return part.replaceAll(/[\\`]|\$\{/g, "\\$&");
    if ("oneOf" in part) return `\${${part.oneOf.map((text) => JSON.stringify(text)).join(" | ")}}`;
    return `\${${part.any}}`;
  });
  return `\`${texts.join("")}\``;
}
