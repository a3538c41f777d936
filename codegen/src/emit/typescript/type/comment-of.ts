import { appliedSchemas, constraints, type JsonSchema, type SchemaOf } from "sshrpc/contract";
import { refName, type SchemaOrBoolean } from "../../../model/schema/schema-walk.js";

/** The maximum number of examples in a comment. */
const MAX_EXAMPLES = 3;

/** What a comment says beside the schema. */
interface CommentContext {
  readonly schemaOf: SchemaOf;
  /** The text for a schema without description. */
  readonly purpose?: string;
  /** A paragraph after the description. */
  readonly note?: string;
}

/** The comment for a schema, in the form of TSDoc: description, constraints, default, examples, deprecation; empty for none. */
export function commentOf(schema: SchemaOrBoolean, { schemaOf, purpose = "", note }: CommentContext): string {
  if (typeof schema === "boolean") return "";
  const text = describe(schema, schemaOf) || purpose;
  const remarks = constraints(schema, { schemaOf, code });
  const blocks = [
    note === undefined ? text : withNote(text, note),
    remarks === "" ? "" : `@remarks ${remarks}`,
    defaultLine(schema),
    ...examplesOf(schema).map((example) => `@example ${JSON.stringify(example)}`),
    schema["deprecated"] === true && !/@deprecated\b/.test(text) ? "@deprecated" : "",
  ];
  return blocks.filter((block) => block !== "").join("\n\n");
}

/** Editors do not show the name of a type that is a string, a number or an array: its description is that of the field. */
function describe(schema: JsonSchema, schemaOf: SchemaOf): string {
  const own = descriptionOf(schema);
  if (own !== "" || refName(schema) === undefined) return own;
  const named = appliedSchemas(schema, schemaOf).filter(({ type }) => typeof type === "string" && type !== "object");
  return named.map(descriptionOf).findLast((text) => text !== "") ?? "";
}

/** The description or title of a schema; empty for none. */
export function descriptionOf({ description, title }: JsonSchema): string {
  return String([description, title].find((one) => typeof one === "string" && one !== "") ?? "");
}

/** Tags of a description end it: what follows them would belong to the last. */
function withNote(text: string, note: string): string {
  const tags = text.search(/^@/m);
  const [before, after] = tags === -1 ? [text, ""] : [text.slice(0, tags).trimEnd(), text.slice(tags)];
  return [before, note, after].filter((block) => block !== "").join("\n\n");
}

/** A default is documentation: nothing fills it in. */
function defaultLine(schema: JsonSchema): string {
  return "default" in schema && refName(schema) === undefined ? `@default ${JSON.stringify(schema["default"])}` : "";
}

function examplesOf({ example, examples }: JsonSchema): readonly unknown[] {
  return [...(example === undefined ? [] : [example]), ...(Array.isArray(examples) ? examples : [])].slice(
    0,
    MAX_EXAMPLES,
  );
}

/** Text of a schema in a comment, where Markdown and tags would change it. */
export function code(text: string): string {
  const fence = "`".repeat(Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length)) + 1);
  return fence.length === 1 ? `\`${text}\`` : `${fence} ${text} ${fence}`;
}
