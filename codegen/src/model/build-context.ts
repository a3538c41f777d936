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
  readonly #paths = new Map<string, string>();

  /** Reserves `name` for the type at `path`. */
  reserve(name: string, path: string): string {
    this.#paths.set(name, path);
    return name;
  }

  /** The reserved names, with the paths of their types. */
  get all(): ReadonlyMap<string, string> {
    return this.#paths;
  }

  /** Reports exported schemas with a reserved name. To be called when every type has been read. */
  check({ types, problems }: Pick<BuildContext, "types" | "problems">): void {
    for (const [name, path] of this.#paths) {
      const declared = types.named.declaredAt(name);
      if (declared === undefined) continue;
      problems.add(declared.at, name, `generated code declares ${name} for ${path}; rename this schema`);
    }
  }
}

/** The `description` option, or else the text of the comment. */
export function describedBy(value: object, { doc }: { readonly doc: Doc }): { readonly description?: string } {
  const own = (value as { readonly description?: unknown }).description;
  const description = typeof own === "string" && own !== "" ? own : doc.description;
  return description === undefined ? {} : { description };
}

/** When something was introduced, and whether it is deprecated. The options take precedence over the comment. */
interface Life {
  readonly since?: string;
  readonly deprecated?: boolean | string;
}

/**
 * Reads `since` and `deprecated` of a resource or a method.
 * @param inherited what applies without `deprecated`: that of a method's resource
 */
export function lifeOf(
  part: SchemaPart<Readonly<Record<string, unknown>>>,
  problems: Problems,
  inherited?: boolean | string,
): Life {
  const { value, hint } = part;
  const refuse = (key: string, message: string): void => {
    const child = part.child(key);
    problems.add(child.at, child.path, message);
  };
  const { since = hint.doc.since, deprecated = hint.doc.deprecated ?? inherited } = value;
  if (deprecated !== undefined && typeof deprecated !== "boolean" && typeof deprecated !== "string")
    refuse("deprecated", "expected true, false or the reason");
  if (since !== undefined && (typeof since !== "string" || since === ""))
    refuse("since", 'expected a version of the API, such as "1.2.0"');
  return {
    ...(typeof since === "string" && since !== "" ? { since } : {}),
    ...(deprecated === true || deprecated === "" ? { deprecated: true } : {}),
    ...(typeof deprecated === "string" && deprecated !== "" ? { deprecated } : {}),
  };
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
