import type { Problems } from "../base/problem.js";
import type { Hint } from "./hint.js";
import type { TypeReader } from "./type-reader.js";

/** The names that generated code gives to types which the schema leaves without one. */
export class DerivedNames {
  readonly #types: TypeReader;
  readonly #problems: Problems;
  readonly #given = new Map<string, { readonly hint: Hint; readonly path: string }>();

  constructor(types: TypeReader, problems: Problems) {
    this.#types = types;
    this.#problems = problems;
  }

  /** Takes `name` for the type at `path`. */
  give(name: string, hint: Hint, path: string): string {
    this.#given.set(name, { hint, path });
    return name;
  }

  /** Reports exported schemas that have the name of one of these. To be called when every type was read. */
  check(): void {
    for (const [name, { path }] of this.#given) {
      const declared = this.#types.declaredAt(name);
      if (declared === undefined) continue;
      this.#problems.add(
        declared.at,
        name,
        `generated code needs the type name ${name} for ${path}; rename this schema`,
      );
    }
  }
}
