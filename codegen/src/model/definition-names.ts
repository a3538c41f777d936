import { pascalCase } from "./names.js";
import { canonicalJson, notJson } from "./schema/json-value.js";
import { isSchemaObject, withoutNotes } from "./schema/schema-walk.js";
import { Scope, type Target } from "./scope.js";

/** Names definitions by their keys. Those of one key and different meaning are numbered, such as Node and Node2. */
export class DefinitionNames {
  /** The meaning of each definition that has a name. */
  readonly #meanings = new Map<string, string>();

  /** The name of the type of `definition`. */
  nameOf(definition: Target): string {
    const meaning = meaningOf(definition);
    const base = pascalCase(definition.part.path);
    for (let number = 1; ; number++) {
      const name = number === 1 ? base : `${base}${number}`;
      const earlier = this.#meanings.get(name);
      if (earlier !== undefined && earlier !== meaning) continue;
      this.#meanings.set(name, meaning);
      return name;
    }
  }
}

/** A string that is equal for definitions of equal meaning: their schemas, and those of all that they refer to. */
function meaningOf(definition: Target): string {
  const reached = new Map<unknown, unknown>();
  const pending = [definition];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { part, scope: outer } = next;
    if (reached.has(part.value)) continue;
    // What JSON cannot carry is refused when it is read.
    if (notJson(part.value) !== undefined) return "";
    reached.set(part.value, isSchemaObject(part.value) ? withoutNotes(part.value) : part.value);
    if (!part.isObject()) continue;
    const scope = Scope.inside(part, outer);
    for (const [, ref = ""] of JSON.stringify(part.value).matchAll(/"\$(?:recursiveR|r)ef":"([^"]*)"/g)) {
      pending.push(...scope.resolve(ref));
    }
  }
  return canonicalJson([...reached.values()]);
}
