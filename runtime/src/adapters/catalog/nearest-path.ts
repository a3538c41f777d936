import { nearest } from "../../base/nearest.js";

/** Characters of a path that are looked at. */
const LONGEST = 100;

/** As `nearest`, among path templates: a parameter may be anything. */
export function nearestPath(path: string, templates: Iterable<string>): string | undefined {
  const parts = path.slice(0, LONGEST).split("/");
  const filled = new Map<string, string>();
  for (const template of templates) {
    const text = template.split("/").map((part, index) => (part.startsWith("{") && parts[index] ? parts[index] : part));
    filled.set(text.join("/"), template);
  }
  const match = nearest(path, filled.keys());
  return match === undefined ? undefined : filled.get(match);
}
