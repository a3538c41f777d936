import type { JsonSchema } from "sshrpc/contract";
import { SchemaPart } from "./hint.js";
import { eachSubschema, isSchemaObject } from "./schema/schema-walk.js";

type Keys = readonly (string | number)[];

/** The schema that a reference leads to. */
export interface Target {
  readonly part: SchemaPart;
  /** The scope around it; undefined for the root of the document. */
  readonly scope: Scope | undefined;
}

/** What the scopes of one document share. */
interface Document {
  readonly names: Map<unknown, string>;
  readonly rootName: string;
}

/** The base of documents without `$id`. */
const BASE = "schema:///";

/**
 * A schema inside which references are resolved: the root of a document, and every schema with `$id` or with definitions.
 * JSON Schema 2019-09, section 8.2.
 */
export class Scope {
  readonly #part: SchemaPart<JsonSchema>;
  readonly #outer: Scope | undefined;
  readonly #base: string;
  readonly #document: Document;

  private constructor(part: SchemaPart<JsonSchema>, outer: Scope | undefined, rootName: string) {
    this.#part = part;
    this.#outer = outer;
    this.#base = absolute(part.value["$id"] ?? "", outer === undefined ? BASE : outer.#base);
    this.#document = outer === undefined ? { names: new Map(), rootName } : outer.#document;
  }

  /**
   * The scope inside `part`: its own, or else `outer`.
   * @param rootName the name of the type of a whole document, for references to it
   */
  static inside(part: SchemaPart<JsonSchema>, outer: Scope | undefined, rootName = ""): Scope {
    const { $id: id, $defs, definitions } = part.value;
    const opens = typeof id === "string" || isSchemaObject($defs) || isSchemaObject(definitions);
    return outer === undefined || opens ? new Scope(part, outer, rootName) : outer;
  }

  /** The names of the types that references of this document lead to, by schema. */
  get names(): Map<unknown, string> {
    return this.#document.names;
  }

  /** The name of the type of the whole document, for a reference to it. */
  get rootName(): string {
    return this.#document.rootName;
  }

  /** The schemas that `ref` can mean: none if it is unknown, several if it is ambiguous. */
  resolve(ref: string): readonly Target[] {
    const chain = this.#chain();
    // The references of Type.Cyclic and Type.Module are the bare names of definitions.
    for (const scope of chain) {
      const target = scope.#target(["$defs", ref]);
      if (target !== undefined) return [target];
    }
    const [uri = "", fragment = ""] = ref.split("#");
    const resource = uri === "" ? this.#resource() : this.#byId(absolute(uri, this.#base));
    if (resource === undefined) return [];
    if (fragment !== "" && !fragment.startsWith("/")) return resource.#find((schema) => schema["$anchor"] === fragment);
    const keys = pointerKeys(fragment);
    if (keys === undefined) return [];
    // A schema that is embedded without `$id` refers to its own definitions as "#/$defs/Name".
    const scopes = uri === "" && keys.length > 0 ? [resource, ...chain] : [resource];
    const targets = scopes.map((scope) => scope.#target(keys)).filter((target) => target !== undefined);
    return [...new Map(targets.map((target) => [target.part.value, target])).values()];
  }

  /** This scope and those around it. */
  #chain(): readonly Scope[] {
    return this.#outer === undefined ? [this] : [this, ...this.#outer.#chain()];
  }

  /** The scope that "#" means: the nearest with `$id`, or the root. */
  #resource(): Scope {
    return this.#outer === undefined || typeof this.#part.value["$id"] === "string" ? this : this.#outer.#resource();
  }

  #byId(uri: string): Scope | undefined {
    const root = this.#chain().at(-1) as Scope;
    if (root.#base === uri) return root;
    let found: Scope | undefined;
    root.#walk(root.#part.value, [], (keys, schema) => {
      const target = typeof schema["$id"] === "string" && keys.length > 0 ? root.#target(keys) : undefined;
      const scope = target?.part.isObject() === true ? Scope.inside(target.part, target.scope) : root;
      if (scope.#base === uri) found = scope;
      return found === undefined;
    });
    return found;
  }

  /** The schemas of this resource, without those of resources inside it. */
  #find(matches: (schema: JsonSchema) => boolean): readonly Target[] {
    const found: Target[] = [];
    this.#walk(this.#part.value, [], (keys, schema) => {
      if (keys.length > 0 && typeof schema["$id"] === "string") return false;
      const target = matches(schema) ? this.#target(keys) : undefined;
      if (target !== undefined) found.push(target);
      return true;
    });
    return found;
  }

  /** Visits every schema, down to where `visit` returns false. */
  #walk(schema: JsonSchema, keys: Keys, visit: (keys: Keys, schema: JsonSchema) => boolean): void {
    if (visit(keys, schema) === false) return;
    eachSubschema(schema, (sub, ...path) => {
      const below = path.filter((key) => key !== undefined);
      if (isSchemaObject(sub)) this.#walk(sub, [...keys, ...below], visit);
    });
  }

  /** The schema at `keys` in that of this scope. */
  #target(keys: Keys): Target | undefined {
    let value: unknown = this.#part.value;
    let part: SchemaPart = this.#part;
    let scope: Scope | undefined = this.#outer;
    for (const [index, key] of keys.entries()) {
      if (part.isObject()) scope = index === 0 ? this : Scope.inside(part, scope);
      if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
      value = (value as Readonly<Record<string, unknown>>)[key];
      part = new SchemaPart(value, this.#part.hint.child(...keys.slice(0, index + 1)), nameAt(keys, index));
    }
    return { part, scope };
  }
}

/** The key of a definition names its type; an index does so together with the key before it. */
function nameAt(keys: Keys, index: number): string {
  const key = String(keys[index]) || "definition";
  return /^\d+$/.test(key) ? `${String(keys[index - 1] ?? "item")} ${key}` : key;
}

function absolute(uri: unknown, base: string): string {
  try {
    return new URL(String(uri), base).href.replace(/#$/, "");
  } catch {
    return String(uri);
  }
}

/** RFC 6901, section 6: a pointer in a fragment is percent-encoded. */
function pointerKeys(pointer: string): Keys | undefined {
  try {
    const tokens = pointer.split("/").slice(1).map(decodeURIComponent);
    return tokens.map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
  } catch {
    return undefined;
  }
}

/** The message for a reference that leads nowhere. */
export function unknownReference(ref: unknown): string {
  const unknown = `unknown type ${JSON.stringify(ref)}`;
  return typeof ref === "string" && /[/#:]/.test(ref)
    ? `${unknown}; a reference leads to a part of the same schema, such as "#/$defs/Name"`
    : `${unknown}; Type.Ref works only inside Type.Cyclic and Type.Module`;
}
