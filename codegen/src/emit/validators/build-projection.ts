import type { JsonSchema } from "sshrpc/contract";
import { refName, type SchemaOrBoolean } from "../../model/schema/schema-walk.js";
import { branchesOf, entriesOf, listOf, propertyNames, requiredOf } from "../shape/property-names.js";
import { groupByType, tagOf, typesOf } from "../shape/union-cases.js";
import { combine, isFixed, isNeutral, NOTHING, type ProjectionNode } from "./projection-node.js";
import { isSplit } from "./variants.js";

type Types = ReadonlyMap<string, JsonSchema>;

/** Builds the projections of schemas of the contract. What they drop is what the closed validator of the schema calls unknown. */
export class ProjectionBuilder {
  readonly #types: Types;
  readonly #validatorOf: (schema: SchemaOrBoolean) => string;
  readonly #named = new Map<string, ProjectionNode>();
  readonly #known = new WeakMap<JsonSchema, readonly ProjectionNode[]>();

  /** @param validatorOf the name of an open validator, for unions that only a validator distinguishes */
  constructor(types: Types, validatorOf: (schema: SchemaOrBoolean) => string) {
    this.#types = types;
    this.#validatorOf = validatorOf;
  }

  /** The node of a whole value. */
  of(schema: SchemaOrBoolean): ProjectionNode {
    if (typeof schema === "boolean") return "any";
    if (isSplit(schema) || requiredOf(schema).length > 0) return this.#ofParts(schema);
    const name = refName(schema);
    if (name !== undefined) return this.#ref(name);
    return this.#union(schema, (branch) => this.of(branch)) ?? this.#own(schema) ?? this.#neutral(schema);
  }

  #neutral(schema: JsonSchema): ProjectionNode {
    const accepted = typesOf(schema, this.#types);
    return accepted === undefined || accepted.has("object") || accepted.has("array") ? "any" : "scalar";
  }

  /** A type inside itself is always a reference. */
  #ref(name: string): ProjectionNode {
    const ref = { kind: "ref", type: name } as const;
    const target = this.#types.get(name);
    if (target === undefined) return "any";
    if (!this.#named.has(name)) {
      this.#named.set(name, ref);
      this.#named.set(name, this.of(target));
    }
    const node = this.#named.get(name) ?? ref;
    return isNeutral(node) ? node : ref;
  }

  /** The properties of a named type where these are all: several such types are one object. */
  #target(name: string): ProjectionNode {
    const ref = this.#ref(name);
    const node = this.#named.get(name) ?? ref;
    return isFixed(node) ? node : ref;
  }

  /** A schema of which several keywords declare properties of the same object. */
  #ofParts(schema: JsonSchema): ProjectionNode {
    const parts = this.#parts(schema);
    const { undeclared } = propertyNames(schema, this.#types);
    if (undeclared.length === 0) return parts.length === 0 ? this.#neutral(schema) : combine(parts);
    const object = { ...NOTHING, properties: new Map(undeclared.map((name) => [name, "any"] as const)) };
    if (parts.length > 0) return combine([...parts, object]);
    return typesOf(schema, this.#types)?.has("array") === false ? object : { kind: "types", object, array: "any" };
  }

  /** What each keyword declares; empty for a schema that declares nothing. */
  #parts(schema: SchemaOrBoolean): readonly ProjectionNode[] {
    if (typeof schema === "boolean") return [];
    const known = this.#known.get(schema) ?? this.#findParts(schema);
    this.#known.set(schema, known);
    return known;
  }

  #findParts(schema: JsonSchema): readonly ProjectionNode[] {
    const name = refName(schema);
    const inner = (sub: SchemaOrBoolean): ProjectionNode => combine(this.#parts(sub));
    const union = this.#union(schema, inner);
    const parts = [
      this.#own(schema),
      name === undefined ? undefined : this.#target(name),
      ...listOf(schema["allOf"]).flatMap((member) => this.#parts(member)),
      union !== undefined && this.#hasParts(schema) ? union : undefined,
      this.#condition(schema),
      ...entriesOf(schema["dependentSchemas"]).map(([key, sub]): ProjectionNode | undefined =>
        this.#parts(sub).length === 0 ? undefined : { kind: "having", name: key, part: inner(sub) },
      ),
    ].filter((part) => part !== undefined && !isNeutral(part)) as ProjectionNode[];
    const rest = schema["unevaluatedProperties"];
    if (rest === undefined || rest === false || !isSplit(schema)) return parts;
    return [combine(parts, this.of(rest as SchemaOrBoolean))];
  }

  /** Whether a branch of the union declares something. */
  #hasParts(schema: JsonSchema): boolean {
    return branchesOf(schema).some((branch) => this.#parts(branch).length > 0);
  }

  #condition(schema: JsonSchema): ProjectionNode | undefined {
    const condition = schema["if"] as SchemaOrBoolean | undefined;
    if (condition === undefined) return undefined;
    const partsOf = (keyword: string): readonly ProjectionNode[] =>
      this.#parts((schema[keyword] as SchemaOrBoolean) ?? true);
    const matching = [...this.#parts(condition), ...partsOf("then")];
    const others = partsOf("else");
    if (matching.length + others.length === 0) return undefined;
    const name = this.#validatorOf(condition);
    return { kind: "when", condition: name, matching: combine(matching), others: combine(others) };
  }

  /** The node of `anyOf` or `oneOf`; undefined where there is none. */
  #union(schema: JsonSchema, nodeOf: (branch: SchemaOrBoolean) => ProjectionNode): ProjectionNode | undefined {
    const branches = branchesOf(schema).map((branch) => ({ schema: branch, rewritten: branch }));
    if (branches.length === 0) return undefined;
    const groups = groupByType(branches, this.#types);
    const nodeOfGroup = (group: readonly { readonly schema: SchemaOrBoolean }[], isObject: boolean): ProjectionNode => {
      const nodes = group.map((branch) => nodeOf(branch.schema));
      const [first = "any", ...others] = nodes;
      if (others.every((node) => isSame(node, first))) return first;
      const tag = isObject
        ? tagOf(
            branches.filter((branch) => group.includes(branch)),
            this.#types,
          )
        : undefined;
      if (tag === undefined) {
        const named = group.map((branch, index) => [this.#validatorOf(branch.schema), nodes[index] ?? "any"] as const);
        return { kind: "union", branches: named };
      }
      const cases = tag.cases.flatMap((values, index) =>
        values.map((value) => [value, nodes[index] ?? "any"] as const),
      );
      return { kind: "tagged", tag: tag.name, cases };
    };
    if (groups === undefined) return nodeOfGroup(branches, false);
    const ofType = (type: string): ProjectionNode | undefined => {
      const group = groups.find(({ types }) => types.includes(type));
      return group && nodeOfGroup(group.branches, group.types.join() === "object");
    };
    const [object, array] = [ofType("object"), ofType("array")];
    if (object === undefined && array === undefined) return "scalar";
    if ((object === undefined || isNeutral(object)) && (array === undefined || isNeutral(array))) return "any";
    if (groups.length === 1 && array === undefined && object !== undefined) return object;
    return { kind: "types", ...(object && { object }), ...(array && { array }) };
  }

  /** What the schema itself declares of properties and items. */
  #own(schema: JsonSchema): ProjectionNode | undefined {
    const accepted = typesOf(schema, this.#types);
    const accepts = (type: string): boolean => accepted === undefined || accepted.has(type);
    const object = accepts("object") ? this.#object(schema) : undefined;
    const array = accepts("array") ? this.#array(schema) : undefined;
    if (array === undefined && !accepts("array")) return object;
    if (object === undefined && !accepts("object")) return array;
    if (object === undefined && array === undefined) return undefined;
    const either = { object: accepts("object") ? (object ?? "any") : undefined, array: array ?? "any" } as const;
    return { kind: "types", array: either.array, ...(either.object && { object: either.object }) };
  }

  #object(schema: JsonSchema): ProjectionNode | undefined {
    const { additionalProperties: more, unevaluatedProperties: unevaluated } = schema;
    const others = (more ?? (isSplit(schema) ? undefined : unevaluated)) as SchemaOrBoolean | undefined;
    if (!declares(schema) && others === undefined) return undefined;
    const patterns = entriesOf(schema["patternProperties"]).map(
      ([pattern, sub]) => [pattern, this.of(sub), new RegExp(pattern, "u")] as const,
    );
    const properties = entriesOf(schema["properties"]).map(([name, sub]): [string, ProjectionNode] => {
      const matching = patterns.filter(([, , regExp]) => regExp.test(name)).map(([, node]) => node);
      return [name, combine([this.of(sub), ...matching])];
    });
    return {
      kind: "object",
      properties: new Map(properties),
      patterns: patterns.map(([pattern, node]) => [pattern, node]),
      ...(others === undefined || others === false ? {} : { rest: this.of(others) }),
    };
  }

  #array(schema: JsonSchema): ProjectionNode | undefined {
    const { items, additionalItems: more, unevaluatedItems: unevaluated } = schema;
    const rest = this.of(((Array.isArray(items) ? more : undefined) ?? unevaluated ?? true) as SchemaOrBoolean);
    if (!Array.isArray(items)) {
      const node = items === undefined ? rest : this.of(items as SchemaOrBoolean);
      return node === "any" ? undefined : { kind: "array", items: node };
    }
    const nodes = items.map((item: SchemaOrBoolean) => this.of(item));
    return [rest, ...nodes].every(isNeutral) ? undefined : { kind: "tuple", items: nodes, rest };
  }
}

function declares(schema: JsonSchema): boolean {
  return "properties" in schema || "patternProperties" in schema;
}

function isSame(one: ProjectionNode, other: ProjectionNode): boolean {
  return JSON.stringify(one, mapsAsLists) === JSON.stringify(other, mapsAsLists);
}

function mapsAsLists(_key: string, value: unknown): unknown {
  return value instanceof Map ? [...value] : value;
}
