import type { Problems } from "../base/problem.js";
import { suggestion } from "../base/suggestion.js";
import type { Doc, SchemaPart } from "./hint.js";
import type { NamingRules } from "./names.js";
import type { TypeReader } from "./type-reader.js";

/** What the steps of one build share. */
export interface BuildContext {
  readonly problems: Problems;
  readonly types: TypeReader;
  readonly names: DerivedNames;
  readonly rules: NamingRules;
}

/** The names that generated code gives to types without a name in the schema. */
export class DerivedNames {
  readonly #types: TypeReader;
  readonly #problems: Problems;
  readonly #paths = new Map<string, string>();

  constructor(types: TypeReader, problems: Problems) {
    this.#types = types;
    this.#problems = problems;
  }

  /** Reserves `name` for the type at `path`. */
  reserve(name: string, path: string): string {
    this.#paths.set(name, path);
    return name;
  }

  /** Reports exported schemas with a reserved name. To be called when every type has been read. */
  check(): void {
    for (const [name, path] of this.#paths) {
      const declared = this.#types.declaredAt(name);
      if (declared === undefined) continue;
      this.#problems.add(declared.at, name, `generated code declares ${name} for ${path}; rename this schema`);
    }
  }
}

/** The `description` option, or else the text of the comment. */
export function describedBy(value: object, { doc }: { readonly doc: Doc }): { readonly description?: string } {
  const own = (value as { readonly description?: unknown }).description;
  const description = typeof own === "string" && own !== "" ? own : doc.description;
  return description === undefined ? {} : { description };
}

/** Reports each key of an object outside `known`. `what` names the object, such as `method`. */
export function refuseUnknownKeys(
  part: SchemaPart<object>,
  what: string,
  known: readonly string[],
  problems: Problems,
): void {
  for (const key of Object.keys(part.value)) {
    if (known.includes(key)) continue;
    const { at, path } = part.child(key);
    problems.add(
      at,
      path,
      `unknown ${what} option "${key}"${suggestion(key, known)}; known options: ${known.join(", ")}`,
    );
  }
}
