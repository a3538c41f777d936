import { isVerb, parsePath, pathsOverlap, type Segment, VERBS, type Verb } from "sshrpc/contract";
import type { Position, Problems } from "../base/problem.js";
import { suggestion } from "../base/suggestion.js";
import type { SchemaPart } from "./hint.js";
import { camelCase } from "./names.js";

/** One entry of `reserved`, with its place in the source. */
interface Entry {
  readonly text: string;
  readonly part: SchemaPart;
}

/** A declared resource. */
interface Declared {
  readonly model: { readonly name: string; readonly declaredAs: string };
  readonly at: Position;
  readonly pathAt: Position;
  readonly segments: readonly Segment[];
}

/** The names and paths of removed resources. Resources that have one of them are reported. */
export class ReservedNames {
  readonly #entries: readonly Entry[];
  readonly #problems: Problems;

  /** @param part the API */
  constructor(part: SchemaPart<object>, problems: Problems) {
    this.#problems = problems;
    this.#entries = readEntries(part, 'the names or paths of removed resources, such as ["oldNotes"]', problems);
    for (const { text, part: entry } of this.#entries) {
      if (text.startsWith("/") && pathOf(text) === undefined)
        problems.add(entry.at, entry.path, `invalid path ${JSON.stringify(text)}`);
    }
  }

  get texts(): readonly string[] {
    return this.#entries.map(({ text }) => text);
  }

  /** Reports a resource that has a reserved name or path. */
  refuse({ model: { name, declaredAs }, at, pathAt, segments }: Declared): void {
    const names = [name, declaredAs.slice(declaredAs.indexOf(".") + 1)];
    for (const { text, part: entry } of this.#entries) {
      const path = pathOf(text);
      const isPath = path !== undefined && pathsOverlap(path, segments);
      if (!isPath && !names.includes(text) && !names.includes(camelCase(text))) continue;
      const message = `the ${isPath ? "path" : "name"} ${text} is reserved (${placeOf(entry.at)}) since a resource with it was removed; choose another one`;
      this.#problems.add(isPath ? pathAt : at, declaredAs, message);
    }
  }
}

/** The verbs of removed methods of a resource. Reports those that it declares. */
export function reservedVerbs(part: SchemaPart<object>, problems: Problems): readonly Verb[] {
  const entries = readEntries(part, 'the verbs of removed methods, such as ["DELETE"]', problems);
  return entries.flatMap(({ text, part: entry }) => {
    if (!isVerb(text)) {
      const message = `unknown verb ${text}${suggestion(text, VERBS)}; known verbs: ${VERBS.join(", ")}`;
      problems.add(entry.at, entry.path, message);
      return [];
    }
    const declared = part.child(text);
    if (declared.value !== undefined) {
      const message = `the verb ${text} is reserved (${placeOf(entry.at)}) since a method with it was removed; use another verb or resource`;
      problems.add(declared.at, declared.path, message);
    }
    return [text];
  });
}

/** @param what completes the message "expected an array of …" */
function readEntries(part: SchemaPart<object>, what: string, problems: Problems): readonly Entry[] {
  const list = part.child("reserved");
  if (list.value === undefined) return [];
  const texts: readonly unknown[] = Array.isArray(list.value) ? list.value : [undefined];
  if (!texts.every((text) => typeof text === "string" && text !== "")) {
    problems.add(list.at, list.path, `expected an array of ${what}`);
    return [];
  }
  return texts.map((text, index) => ({ text: String(text), part: list.item(index) }));
}

function pathOf(text: string): readonly Segment[] | undefined {
  if (!text.startsWith("/")) return undefined;
  try {
    return parsePath(text);
  } catch {
    return undefined;
  }
}

function placeOf({ file, line }: Position): string {
  return `${file}:${line}`;
}
