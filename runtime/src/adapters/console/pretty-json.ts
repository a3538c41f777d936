const COLORS = { key: "\u001b[36m", string: "\u001b[32m", number: "\u001b[33m", other: "\u001b[35m" } as const;
const RESET = "\u001b[0m";

/**
 * Formats JSON for reading: objects and arrays that fit into `columns` on one line, others on several. Colors are the basic
 * ones of ECMA-48 (SGR).
 */
export function prettyJson(value: unknown, columns: number, style: "color" | "plain"): string {
  const paint = (text: string, color: keyof typeof COLORS): string =>
    style === "color" ? `${COLORS[color]}${text}${RESET}` : text;
  const scalar = (content: unknown): string => {
    const type = typeof content;
    return paint(JSON.stringify(content) ?? "null", type === "string" || type === "number" ? type : "other");
  };
  const write = (content: unknown, indent: number, before: number): string => {
    if (typeof content !== "object" || content === null) return scalar(content);
    const [open, close] = Array.isArray(content) ? "[]" : "{}";
    const parts = Object.entries(content).map(([key, item]): readonly [string, number, unknown] => {
      if (Array.isArray(content)) return ["", 0, item];
      const name = JSON.stringify(key);
      return [`${paint(name, "key")}: `, name.length + 2, item];
    });
    if (parts.length === 0) return `${open}${close}`;
    const padding = Array.isArray(content) ? "" : " ";
    if (before + oneLineLength(content, columns) <= columns) {
      const line = parts.map(([key, , item]) => key + write(item, indent, 0)).join(", ");
      return `${open}${padding}${line}${padding}${close}`;
    }
    const inner = " ".repeat(indent + 2);
    const lines = parts.map(([key, width, item]) => inner + key + write(item, indent + 2, indent + 2 + width + 1));
    return `${open}\n${lines.join(",\n")}\n${" ".repeat(indent)}${close}`;
  };
  try {
    return write(value, 0, 0);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // The value is nested deeper than the stack.
    return JSON.stringify(value);
  }
}

/** The length of a value on one line. Above `most` any larger number, found without a walk through the whole value. */
function oneLineLength(value: unknown, most: number): number {
  if (most < 0) return 0;
  if (typeof value === "string" && value.length > most) return value.length;
  if (typeof value !== "object" || value === null) return JSON.stringify(value)?.length ?? 4;
  const isArray = Array.isArray(value);
  let length = isArray ? 2 : 4;
  for (const [key, item] of Object.entries(value)) {
    length += oneLineLength(item, most - length) + 2 + (isArray ? 0 : JSON.stringify(key).length + 2);
    if (length > most + 2) return length;
  }
  return Math.max(2, length - 2);
}
