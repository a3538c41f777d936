import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A fenced block of a page. */
export interface Block {
  readonly page: string;
  /** The line of its first line. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

/** A command of a `console` block, and what the block shows of its output. */
export interface Typed {
  readonly command: string;
  readonly printed: string;
}

/** README.md and the pages of docs/, with those of its folders. */
export const PAGES: readonly string[] = [
  "README.md",
  ...readdirSync(`${ROOT}docs`, { encoding: "utf8", recursive: true })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

export function readPage(page: string): string {
  return readFileSync(`${ROOT}${page}`, "utf8");
}

/** The fenced blocks of a page, also those in lists, without their indentation. */
export function blocksOf(page: string): readonly Block[] {
  const source = readPage(page);
  return [...source.matchAll(/^( *)```(\w*)\n([\s\S]*?)^\1```$/gm)].map(
    ({ 1: indentation = "", 2: language = "", 3: text = "", index }) => ({
      page,
      line: source.slice(0, index).split("\n").length + 1,
      language,
      text: text.replaceAll(new RegExp(`^${indentation}`, "gm"), ""),
    }),
  );
}

/** The block of a page with this beginning. */
export function block(page: string, beginning: string): string {
  const found = blocksOf(page).find(({ text }) => text.startsWith(beginning));
  if (found === undefined) throw new Error(`${page} has no code block that begins with ${beginning}`);
  return found.text;
}

/** The commands and outputs of a `console` block. */
export function typed(text: string): readonly Typed[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [, command = "", printed = ""] = /^((?:.*\\\n)*.*)\n([\s\S]*)$/.exec(part) ?? [];
      return { command, printed };
    });
}

/**
 * A file of the example with the additions of a later block: imports after "in addition", indented lines before `end`, and
 * the rest before the export.
 */
export function extended(file: string, addition: string, end: string): string {
  const [first = "", ...lines] = addition.split("\n");
  const [, imports = "", module = ""] = /in addition: (import .* from "(.*)";)$/.exec(first) ?? [];
  const inside = lines.filter((line) => /^\s/.test(line)).join("\n");
  const outside = lines.filter((line) => /^\S/.test(line)).join("\n");
  const kept = file.split("\n").filter((line) => !line.endsWith(`from "${module}";`));
  const text = [imports, ...kept].join("\n").replace("export default", `${outside}\n\nexport default`);
  const at = text.lastIndexOf(end);
  return `${text.slice(0, at)}\n${inside}${text.slice(at)}`;
}

/** The files of the example of README.md; with the additions of docs/streams.md, and without. */
export function exampleFiles({ streams }: { readonly streams: boolean }): Readonly<Record<string, string>> {
  const schema = block("README.md", "// schema/api.ts\n");
  const handlers = block("README.md", "// handlers.ts\n");
  const client = block("README.md", "// client.ts\n");
  if (!streams) return { "schema/api.ts": schema, "handlers.ts": handlers, "client.ts": client };
  const [first = "", ...more] = block("docs/streams.md", "// client.ts, in addition").split("\n");
  return {
    "schema/api.ts": extended(schema, block("docs/streams.md", "// schema/api.ts, in addition"), "\n  },\n"),
    "handlers.ts": extended(handlers, block("docs/streams.md", "// handlers.ts, in addition"), "\n});"),
    "client.ts": `${first.replace(/^.*in addition: /, "")}\n${client}\n${more.join("\n")}`,
  };
}
