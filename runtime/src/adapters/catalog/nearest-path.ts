import { nearest } from "../../base/nearest.js";

/** Characters of a path that are compared. */
const MAX_PATH = 100;

/** As `nearest`, among path templates: a parameter matches any text. */
export function nearestPath(path: string, templates: Iterable<string>): string | undefined {
  const parts = path.slice(0, MAX_PATH).split("/");
  const filled = new Map<string, string>();
  for (const template of templates) {
    const text = template.split("/").map((part, index) => (part.startsWith("{") && parts[index] ? parts[index] : part));
    filled.set(text.join("/"), template);
  }
  const match = nearest(path, filled.keys());
  return match === undefined ? undefined : filled.get(match);
}
