import { relative, sep } from "node:path";

/** The path of `file` in messages: relative to `cwd` if it is inside, absolute otherwise. */
export function displayPath(file: string, cwd: string): string {
  const inside = relative(cwd, file);
  return (inside === "" || inside.startsWith("..") ? file : inside).split(sep).join("/");
}
