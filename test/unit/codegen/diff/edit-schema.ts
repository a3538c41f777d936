import type { Contract } from "sshrpc/contract";

type Schema = Record<string, unknown>;

/** A copy of a contract with one random edit of a type, the same in request and response. */
export function edited(contract: Contract, random: () => number): Contract {
  const copy = structuredClone(contract) as unknown as Record<string, Schema>;
  const methods = contract.resources["a"]?.methods.STORE;
  const request = structuredClone(methods?.request ?? {}) as Schema;
  const nodes = [request, ...Object.values(copy["types"] as Record<string, Schema>)].flatMap(schemasIn);
  edit(one(nodes, random), random);
  return {
    ...(copy as unknown as Contract),
    resources: {
      a: { path: "/a", methods: { STORE: { kind: "unary", idempotent: false, request, response: request } } },
    },
  };
}

function schemasIn(schema: unknown): Schema[] {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return [];
  const { properties, patternProperties, items, allOf, anyOf, additionalProperties } = schema as Schema;
  const inside = [
    ...Object.values((properties ?? {}) as object),
    ...Object.values((patternProperties ?? {}) as object),
    ...[items].flat(),
    ...[allOf ?? []].flat(),
    ...[anyOf ?? []].flat(),
    additionalProperties,
  ];
  return [schema as Schema, ...inside.flatMap(schemasIn)];
}

const OTHERS = [
  { type: "string" },
  { type: "integer" },
  { type: "number" },
  { type: "null" },
  { const: "a" },
  { enum: ["a", "b"] },
  { type: "array", items: { type: "string" } },
  { type: "object", properties: { a: { type: "integer" } } },
];

function edit(schema: Schema, random: () => number): void {
  const edits = [...editsOf(schema, random), () => replace(schema, { ...one(OTHERS, random) })];
  one(edits, random)();
}

function editsOf(schema: Schema, random: () => number): (() => void)[] {
  const { type, properties, required, anyOf, allOf, items } = schema;
  const edits: (() => void)[] = [];
  const shift = (keyword: string): void => {
    const value = schema[keyword];
    schema[keyword] = typeof value === "number" && value > 0 ? value + one([-1, 1], random) : Math.floor(random() * 3);
  };
  if (type === "object") {
    const names = Object.keys((properties ?? {}) as object);
    const set = new Set((required ?? []) as string[]);
    const toggle = (name: string): void => {
      if (!set.delete(name)) set.add(name);
      schema["required"] = [...set].sort();
    };
    const add = (name: string): void => {
      schema["properties"] = { ...(properties as object), [name]: { ...one(OTHERS, random) } };
    };
    if (names.length > 0) {
      edits.push(() => toggle(one(names, random)));
      edits.push(() => {
        const name = one(names, random);
        const { [name]: _, ...rest } = properties as Schema;
        schema["properties"] = rest;
        if (set.has(name)) toggle(name);
      });
    }
    edits.push(() => add("d"));
    edits.push(() => {
      add("e");
      toggle("e");
    });
    edits.push(() => {
      if ("additionalProperties" in schema && random() < 0.5) delete schema["additionalProperties"];
      else schema["additionalProperties"] = one([false, true, { type: "string" }], random);
    });
    edits.push(() => shift(one(["minProperties", "maxProperties"], random)));
  }
  if (type === "string") edits.push(() => shift(one(["minLength", "maxLength"], random)));
  if (type === "string") edits.push(() => Object.assign(schema, { pattern: one(["^a", "b$", "^[a-c]*$"], random) }));
  if (type === "number" || type === "integer") {
    edits.push(() => shift(one(["minimum", "exclusiveMaximum", "maximum", "multipleOf"], random)));
    edits.push(() => Object.assign(schema, { type: type === "number" ? "integer" : "number" }));
  }
  if (type === "array") edits.push(() => shift(one(["minItems", "maxItems"], random)));
  if (type === "array") edits.push(() => Object.assign(schema, { uniqueItems: schema["uniqueItems"] !== true }));
  if (Array.isArray(items)) edits.push(() => Object.assign(schema, { items: items.slice(1), minItems: 0 }));
  if (Array.isArray(anyOf)) {
    edits.push(() => Object.assign(schema, { anyOf: [...anyOf, { ...one(OTHERS, random) }] }));
    if (anyOf.length > 1) edits.push(() => Object.assign(schema, { anyOf: anyOf.slice(1) }));
    edits.push(() => replace(schema, { oneOf: anyOf }));
  }
  if (Array.isArray(allOf) && allOf.length > 1) edits.push(() => Object.assign(schema, { allOf: allOf.slice(1) }));
  return edits;
}

function replace(schema: Schema, other: Schema): void {
  for (const key of Object.keys(schema)) delete schema[key];
  Object.assign(schema, other);
}

function one<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)] as T;
}
