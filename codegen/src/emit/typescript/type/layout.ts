import { isCompound } from "../../../base/is-compound.js";
import { LINE_WIDTH } from "../../target.js";

/** The structure of a type for printing. The layout is that of common formatters, so that they change nothing. */
export type TypeText =
  | { readonly kind: "atom"; readonly text: string }
  | { readonly kind: "array"; readonly item: TypeText; readonly readonly: boolean }
  | Tuple
  | { readonly kind: "object"; readonly members: readonly Member[] }
  | { readonly kind: "union" | "intersection"; readonly items: readonly TypeText[] };

interface Tuple {
  readonly kind: "tuple";
  readonly items: readonly TypeText[];
  /** How many of the items are required. */
  readonly required: number;
  readonly rest: TypeText | undefined;
  readonly readonly: boolean;
}

/** One member of an object type. */
export interface Member {
  /** The text of the comment above it; empty for none. */
  readonly comment: string;
  /** The text before the colon, such as `name?`. */
  readonly head: string;
  readonly type: TypeText;
}

/** Text without line breaks, such as `string` or `Note`. */
export function atom(text: string): TypeText {
  return { kind: "atom", text };
}

/**
 * Prints `type` at `column` of a line with the indentation `indent`; `after` more characters follow on the line.
 */
export function layout(type: TypeText, indent: number, column: number, after = 1): string {
  const line = flat(type);
  if (line !== undefined && column + line.length + after <= LINE_WIDTH) return line;
  switch (type.kind) {
    case "atom":
      return type.text;
    case "array": {
      const item = layout(type.item, indent, column + 1, after + 3);
      const text = needsParentheses(type.item)
        ? `(${item.startsWith("\n") ? `${item}\n${pad(indent)}` : item})[]`
        : `${item}[]`;
      return modified(type, text);
    }
    case "tuple":
      return modified(type, layoutTuple(type, indent));
    case "object":
      return `{\n${layoutMembers(type.members, indent + 2)}${pad(indent)}}`;
    case "union":
      return layoutUnion(type.items, indent, column);
    case "intersection":
      return layoutIntersection(type.items, indent, column);
  }
}

/** Prints members, one after another, each with its comment. */
export function layoutMembers(members: readonly Member[], indent: number): string {
  return members
    .map(({ comment, head, type }) => {
      const text = layout(type, indent, indent + head.length + 2);
      return `${printComment(comment, indent)}${pad(indent)}${head}:${text.startsWith("\n") ? "" : " "}${text};\n`;
    })
    .join("");
}

/** Prints a JSDoc comment, or nothing for an empty text. */
export function printComment(comment: string, indent: number): string {
  if (comment === "") return "";
  const lines = comment.replaceAll("*/", "*\\/").split("\n");
  const [only = ""] = lines;
  if (lines.length === 1 && indent + only.length + 7 <= LINE_WIDTH) return `${pad(indent)}/** ${only} */\n`;
  const body = lines.map((line) => `${pad(indent)} * ${line}`.trimEnd()).join("\n");
  return `${pad(indent)}/**\n${body}\n${pad(indent)} */\n`;
}

/** The type on one line; undefined if it has comments, which need separate lines. */
function flat(type: TypeText): string | undefined {
  switch (type.kind) {
    case "atom":
      return type.text;
    case "array": {
      const item = flat(type.item);
      return item === undefined ? undefined : modified(type, needsParentheses(type.item) ? `(${item})[]` : `${item}[]`);
    }
    case "tuple": {
      const items = all(type.items.map((item, index) => itemText(type, index, flat(item))));
      const rest = type.rest === undefined ? "" : flat(type.rest);
      if (items === undefined || rest === undefined) return undefined;
      return modified(
        type,
        `[${[...items, ...(type.rest === undefined ? [] : [restText(type.rest, rest)])].join(", ")}]`,
      );
    }
    case "object": {
      if (type.members.some(({ comment }) => comment !== "")) return undefined;
      const members = all(type.members.map((member) => prefixed(`${member.head}: `, flat(member.type))));
      return members === undefined ? undefined : `{ ${members.join("; ")} }`;
    }
    case "union":
    case "intersection":
      return all(type.items.map((item) => parenthesized(item, flat(item))))?.join(
        type.kind === "union" ? " | " : " & ",
      );
  }
}

function layoutUnion(items: readonly TypeText[], indent: number, column: number): string {
  const nulls = items.filter((item) => item.kind === "atom" && item.text === "null");
  const hugged = items.find((item) => item.kind === "object");
  if (hugged !== undefined && nulls.length === items.length - 1) {
    return items.map((item) => (item === hugged ? layout(hugged, indent, column) : "null")).join(" | ");
  }
  return items
    .map((item) => {
      const text = layout(item, indent + 4, indent + 4);
      return `\n${pad(indent + 2)}| ${item.kind === "intersection" ? `(${text})` : text}`;
    })
    .join("");
}

/** Prints names first, then object types, whose opening braces follow on the same line. */
function layoutIntersection(items: readonly TypeText[], indent: number, column: number): string {
  const names = items.filter((item) => item.kind !== "object");
  const objects = items.filter((item) => item.kind === "object");
  const deeper = names.length > 1 ? indent + 2 : indent;
  const head = names
    .map((item) => parenthesized(item, layout(item, deeper, column)) ?? "")
    .join(` &\n${pad(indent + 2)}`);
  const tail = objects.map((item) => layout(item, deeper, LINE_WIDTH)).join(" & ");
  return [head, tail].filter((part) => part !== "").join(" & ");
}

function layoutTuple(tuple: Tuple, indent: number): string {
  const { items, rest } = tuple;
  const lines = items.map((item, index) => itemText(tuple, index, layout(item, indent + 2, indent + 2)));
  if (rest !== undefined) lines.push(restText(rest, layout(rest, indent + 2, indent + 5)));
  return `[\n${lines.map((line) => `${pad(indent + 2)}${line},\n`).join("")}${pad(indent)}]`;
}

/** An item of a tuple, with a question mark if it is optional. */
function itemText({ items, required }: Tuple, index: number, text: string): string;
function itemText({ items, required }: Tuple, index: number, text: string | undefined): string | undefined;
function itemText({ items, required }: Tuple, index: number, text: string | undefined): string | undefined {
  if (text === undefined || index < required) return text;
  return needsParentheses(items[index] as TypeText) ? `(${text})?` : `${text}?`;
}

function modified({ readonly }: { readonly readonly: boolean }, text: string): string {
  return readonly ? `readonly ${text}` : text;
}

function restText(rest: TypeText, text: string): string {
  return `...${needsParentheses(rest) ? `(${text})` : text}[]`;
}

function needsParentheses(type: TypeText): boolean {
  return ((type.kind === "array" || type.kind === "tuple") && type.readonly) || isCombined(type);
}

function isCombined(type: TypeText): boolean {
  // The text of a type may be that of a union: Type.Unsafe.
  if (type.kind === "atom") return isCompound(type.text);
  return type.kind === "union" || type.kind === "intersection";
}

function parenthesized(type: TypeText, text: string | undefined): string | undefined {
  return text !== undefined && isCombined(type) ? `(${text})` : text;
}

function prefixed(prefix: string, text: string | undefined): string | undefined {
  return text === undefined ? undefined : prefix + text;
}

function all(texts: readonly (string | undefined)[]): readonly string[] | undefined {
  return texts.every((text) => text !== undefined) ? texts : undefined;
}

function pad(indent: number): string {
  return " ".repeat(indent);
}
