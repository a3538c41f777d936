import { fileURLToPath } from "node:url";
import { openLsp } from "./lsp.js";
import { openTsserver } from "./tsserver.js";

/** The place that "go to definition" leads to: a file, and a line and column from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What an editor shows for one name. */
export interface Shown {
  /** The documentation on hover, with tags as `@name text`, a line each. */
  readonly hover: readonly string[];
  /** The documentation in completion, without tags. */
  readonly completion: string;
  /** The documentation of the signature at the parenthesis after the name, without tags; undefined if there is none. */
  readonly signature: string | undefined;
  /** Where its definition is; an editor goes there at once if there is one place only. */
  readonly definitions: readonly Place[];
}

/** A language service with one file open. */
export interface Editor extends AsyncDisposable {
  /** Replaces the text of the file. @returns its errors */
  write(text: string): Promise<readonly string[]>;
  /** What it shows for the name at a place of the text. */
  at(place: Omit<Place, "file">, name: { readonly text: string; readonly isCall: boolean }): Promise<Shown>;
}

/** Opens `file`, which need not exist, with the language service of the package `typescript`. */
export function openEditor(typescript: string, file: string): Promise<Editor> {
  const folder = fileURLToPath(new URL(`../../../node_modules/${typescript}/`, import.meta.url));
  return typescript === "typescript" ? openLsp(folder, file) : openTsserver(folder, file);
}

/** What the editor shows for each name after a `^`. */
export async function showMarked(editor: Editor, marked: string): Promise<readonly Shown[]> {
  const errors = await editor.write(marked.replaceAll("^", ""));
  if (errors.length > 0) throw new Error(`the program has errors: ${errors.join("\n")}`);
  const shown: Shown[] = [];
  for (const [index, line] of marked.split("\n").entries()) {
    for (const [before, { index: offset }] of [...line.matchAll(/\^/g)].entries()) {
      const rest = line.slice(offset + 1).replaceAll("^", "");
      const text = /^\w+/.exec(rest)?.[0] ?? "";
      const place = { line: index + 1, column: offset - before + 1 };
      shown.push(await editor.at(place, { text, isCall: rest[text.length] === "(" }));
    }
  }
  return shown;
}
