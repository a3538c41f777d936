import { kept } from "../../base/kept.js";
import { LINE_WIDTH } from "../target.js";

/** Pretty-prints JSON: keys sorted, an object over several lines, an array on one line if it fits. */
export function printJson(value: unknown, indent = 0, column = 0): string {
  const pad = " ".repeat(indent + 2);
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    const plain = value.every((item) => typeof item !== "object" || item === null);
    const line = plain ? `[${value.map((item) => JSON.stringify(item)).join(", ")}]` : "";
    if (plain && column + line.length + 1 <= LINE_WIDTH) return line;
    const items = value.map((item) => pad + printJson(item, indent + 2, indent + 2));
    return `[\n${items.join(",\n")}\n${" ".repeat(indent)}]`;
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (indent !== KEPT) return printObject(value, indent);
  return kept(texts, value, () => printObject(value, indent));
}

/** The indentation of types and resources. A watch keeps the contracts of those that have not changed. */
const KEPT = 4;
const texts = new WeakMap<object, string>();

function printObject(value: object, indent: number): string {
  const pad = " ".repeat(indent + 2);
  const entries = Object.entries(value).filter(([, content]) => content !== undefined);
  if (entries.length === 0) return "{}";
  const lines = entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, content]) => {
      const head = `${pad}${JSON.stringify(key)}: `;
      return head + printJson(content, indent + 2, head.length);
    });
  return `{\n${lines.join(",\n")}\n${" ".repeat(indent)}}`;
}
