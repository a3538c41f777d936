// biome-ignore-all lint/suspicious/noThenProperty: the keyword of JSON Schema; nothing awaits these
import type { JsonSchema } from "sshrpc/contract";

type Random = () => number;

const TYPES = ["null", "boolean", "integer", "number", "string"] as const;

/** Schemas of JSON Schema itself, with the keywords that TypeBox types rarely have, over few names and small values. */
export class RandomSchemas {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** The schemas of the named types `A` and `B`, which may contain each other behind a property or an item. */
  types(): Readonly<Record<string, JsonSchema>> {
    return { A: this.#object(2), B: this.#below(2) };
  }

  schema(depth = 3): JsonSchema {
    return this.#below(depth);
  }

  /** The schema with one part replaced, removed or added. */
  edited(schema: JsonSchema): JsonSchema {
    if (typeof schema !== "object" || schema === null) return this.schema(0);
    if ("$ref" in schema) return this.#is(0.5) ? this.schema(1) : { allOf: [schema, this.schema(1)] };
    const keys = Object.keys(schema);
    const inner = this.#one(keys);
    const value = inner === undefined ? undefined : schema[inner];
    if (inner !== undefined && this.#is(0.7) && typeof value === "object" && value !== null) {
      if (
        inner === "required" ||
        inner === "enum" ||
        inner === "const" ||
        inner === "type" ||
        inner === "dependentRequired"
      )
        return this.#without(schema, inner);
      if (Array.isArray(value) && value.length > 0) {
        const at = Math.floor(this.#random() * value.length);
        return { ...schema, [inner]: value.map((one: JsonSchema, index) => (index === at ? this.edited(one) : one)) };
      }
      if (["properties", "patternProperties", "dependentSchemas"].includes(inner)) {
        const name = this.#one(Object.keys(value)) ?? "a";
        const { [name]: old, ...rest } = value as Record<string, JsonSchema>;
        if (this.#is(0.2)) return { ...schema, [inner]: rest };
        return { ...schema, [inner]: { ...value, [name]: old === undefined ? this.schema(0) : this.edited(old) } };
      }
      return { ...schema, [inner]: this.edited(value as JsonSchema) };
    }
    const [keyword, changed] = this.#one(this.#constraints(1)) ?? ["not", {}];
    return this.#is(0.3) && inner !== undefined ? this.#without(schema, inner) : { ...schema, [keyword]: changed };
  }

  #without(schema: JsonSchema, keyword: string): JsonSchema {
    return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== keyword));
  }

  #below(depth: number): JsonSchema {
    if (depth === 0 || this.#is(0.2)) return this.#scalar();
    const less = (): JsonSchema => this.#below(depth - 1);
    const several = (): JsonSchema[] => [less(), less(), ...(this.#is(0.3) ? [less()] : [])];
    const objects = (): JsonSchema[] => [this.#object(depth - 1), this.#is(0.7) ? this.#object(depth - 1) : less()];
    return (
      this.#one([
        () => this.#object(depth - 1),
        () => this.#object(depth - 1),
        () => ({ anyOf: this.#is(0.5) ? objects() : several() }),
        () => ({ oneOf: this.#is(0.5) ? objects() : several() }),
        () => ({ allOf: objects() }),
        () => ({ allOf: [...objects(), { anyOf: objects() }] }),
        () => ({ $ref: `#/types/${this.#one(["A", "B"])}` }),
        () => ({ allOf: [{ $ref: "#/types/A" }], ...this.#some(this.#constraints(depth - 1)) }),
        () => ({
          type: "array",
          items: less(),
          ...(this.#is(0.2) ? { contains: less() } : {}),
          ...this.#some(this.#constraints(depth - 1)),
        }),
        () => ({
          type: "array",
          items: several(),
          ...(this.#is(0.5) ? { additionalItems: this.#is(0.5) ? false : less() } : {}),
        }),
        () => ({ ...this.#some(this.#constraints(depth - 1)) }),
        () => ({ if: less(), then: less(), ...(this.#is(0.5) ? { else: less() } : {}) }),
        () => ({ allOf: [this.#object(depth - 1), { if: this.#object(0), then: this.#object(depth - 1) }] }),
        () => ({ ...this.#object(depth - 1), anyOf: objects() }),
      ])?.() ?? {}
    );
  }

  #object(depth: number): JsonSchema {
    const names = ["a", "b", "c"].filter(() => this.#is(0.5));
    const properties = Object.fromEntries(names.map((name) => [name, this.#property(depth)]));
    const required = ["a", "b", "c"].filter((name) => this.#is(names.includes(name) ? 0.4 : 0.05));
    return {
      type: "object",
      ...(this.#is(0.9) ? { properties } : {}),
      ...(required.length === 0 ? {} : { required }),
      ...(this.#is(0.15) ? { additionalProperties: this.#is(0.5) ? this.#is(0.5) : this.#below(depth) } : {}),
      ...(this.#is(0.2) ? this.#some(this.#constraints(depth)) : {}),
    };
  }

  #property(depth: number): JsonSchema {
    return this.#is(0.2) ? { const: this.#one([0, 1, 2, "a", "b", true, false, null]) } : this.#below(depth);
  }

  #scalar(): JsonSchema {
    const type = this.#one(TYPES);
    return (
      this.#one<() => JsonSchema>([
        () => ({ type }),
        () => ({ type: [type, this.#one(TYPES)] }),
        () => ({ const: this.#one([0, 1, "a", null, false, [0], { a: 0 }]) }),
        () => ({ enum: [0, 1, 2, "a", "b", null, true].filter(() => this.#is(0.4)).concat(["ab"]) }),
        () => ({ type: "integer", minimum: this.#one([-1, 0, 1]), maximum: this.#one([1, 2, 3]) }),
        () => ({ type: "number", exclusiveMinimum: this.#one([-1, 0]), ...(this.#is(0.5) ? { maximum: 2 } : {}) }),
        () => ({ type: "number", multipleOf: this.#one([0.5, 1, 2, 3]) }),
        () => ({ type: "string", minLength: this.#one([0, 1]), maxLength: this.#one([1, 2]) }),
        () => ({ type: "string", pattern: this.#one(["^a", "b$", "^$"]) }),
        () => ({ not: { type } }),
      ])?.() ?? {}
    );
  }

  #constraints(depth: number): readonly (readonly [string, unknown])[] {
    const sub = (): JsonSchema => this.#below(Math.max(0, depth - 1));
    return [
      ["minProperties", this.#one([1, 2])],
      ["maxProperties", this.#one([1, 2])],
      ["required", [this.#one(["a", "b"])]],
      ["properties", { [this.#one(["a", "b", "c"]) ?? "a"]: sub() }],
      ["patternProperties", { [this.#one(["^a", "b", ""]) ?? ""]: sub() }],
      ["additionalProperties", this.#is(0.5) ? this.#is(0.5) : sub()],
      ["unevaluatedProperties", this.#is(0.5) ? this.#is(0.5) : sub()],
      ["propertyNames", this.#one([{ maxLength: 0 }, { pattern: "^[ab]" }, { enum: ["a"] }])],
      ["dependentRequired", { a: ["b"] }],
      ["dependentSchemas", { a: sub() }],
      ["minItems", 1],
      ["maxItems", this.#one([1, 2])],
      ["uniqueItems", true],
      ["not", sub()],
      ["minimum", this.#one([0, 1])],
      ["exclusiveMaximum", this.#one([1, 2])],
      ["type", this.#one([...TYPES, "object", "array"])],
      ["maxLength", this.#one([1, 2])],
      ["enum", [0, "a", { a: 0 }, [0]]],
      ["oneOf", [sub(), sub()]],
      ["anyOf", [sub(), sub()]],
      ["if", sub()],
    ];
  }

  #some(entries: readonly (readonly [string, unknown])[]): JsonSchema {
    return Object.fromEntries(entries.filter(() => this.#is(1.5 / entries.length)));
  }

  #is(probability: number): boolean {
    return this.#random() < probability;
  }

  #one<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.#random() * list.length)];
  }
}

/** Every small value over few names, and some larger ones. */
export function smallValues(): readonly unknown[] {
  const scalars = [null, true, false, 0, 1, 2, 3, -1, 0.5, 1.5, "", "a", "b", "ab", "xyz"];
  const few = [0, 1, "a", true, null];
  const lists = [
    [],
    ...few.map((one) => [one]),
    [0, 0],
    [0, 1],
    ["a", 0],
    [1, "a", null],
    [0, 1, 2],
    [[0]],
    [{ a: 0 }],
    [{}, 0],
  ];
  const parts = [...few, 2, "b", false, [0], ["a"], {}, { a: 0 }, { a: "a", b: 1 }, { b: { a: 1 } }, { z: 1 }];
  const objects: object[] = [{}];
  for (const one of parts) {
    for (const name of ["a", "b", "c", "z"]) objects.push({ [name]: one });
    for (const other of parts) {
      objects.push({ a: one, b: other }, { a: one, c: other }, { b: one, c: other });
      for (const more of few) objects.push({ a: one, b: other, c: more });
    }
    objects.push({ a: one, z: 0 }, { b: one, ab: 1 }, { a: one, ab: "a" });
  }
  return [...scalars, ...lists, ...objects, ...objects.slice(0, 60).map((one) => [one])];
}
