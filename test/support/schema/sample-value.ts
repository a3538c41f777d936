type Schema = Readonly<Record<string, unknown>>;

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface SampleOptions {
  readonly random: () => number;
  /** How often a part is replaced by any other value, and gets an unknown property: 0 for values that are meant to be valid. */
  readonly noise: number;
}

const TEXTS = ["", "a", "b", "ab", "x y", "1", "v1-2", "a-b", "a-c", "axb", "x1y", "-b", "a b", "abc"];
const NUMBERS = [0, 1, -1, 2, 3, 0.5, -2.5, 6];

/** A value that a TypeBox type may accept. */
export function sampleValue(type: unknown, options: SampleOptions): unknown {
  return sample(type, options, [], 0);
}

function sample(type: unknown, options: SampleOptions, outer: readonly Schema[], depth: number): unknown {
  const { random, noise } = options;
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  if (typeof type !== "object" || type === null || random() < noise || depth > 12) return anything(one);
  const schema = type as Schema;
  const scopes = schema["$defs"] === undefined ? outer : [schema["$defs"] as Schema, ...outer];
  const inner = (sub: unknown): unknown => sample(sub, options, scopes, depth + 1);
  if (typeof schema["$ref"] === "string") {
    const ref = schema["$ref"];
    return inner(scopes.find((defs) => Object.hasOwn(defs, ref))?.[ref]);
  }
  if ("const" in schema) return schema["const"];
  if (Array.isArray(schema["enum"])) return one(schema["enum"]);
  if (Array.isArray(schema["anyOf"])) return inner(one(schema["anyOf"]));
  if (Array.isArray(schema["allOf"])) {
    const parts = schema["allOf"].map(inner);
    return parts.every((part) => typeof part === "object" && part !== null && !Array.isArray(part))
      ? Object.assign({}, ...parts)
      : one(parts);
  }
  if (schema["type"] === "object") return sampleObject(schema, options, inner, depth);
  if (schema["type"] === "array") {
    if (Array.isArray(schema["items"])) return schema["items"].map(inner);
    const { minItems, contains } = schema;
    const length = (typeof minItems === "number" ? minItems : 0) + (depth > 4 ? 0 : Math.floor(random() * 3));
    const items = Array.from({ length }, () => inner(schema["items"]));
    return contains === undefined || random() < noise ? items : [...items, inner(contains)];
  }
  if (schema["type"] === "string") return one(TEXTS);
  if (schema["type"] === "number") return one(NUMBERS);
  if (schema["type"] === "integer") return one(NUMBERS.filter(Number.isInteger));
  if (schema["type"] === "boolean") return random() < 0.5;
  return schema["type"] === "null" ? null : anything(one);
}

function sampleObject(
  schema: Schema,
  { random, noise }: SampleOptions,
  inner: (sub: unknown) => unknown,
  depth: number,
): unknown {
  const required = (schema["required"] ?? []) as readonly string[];
  const properties = Object.entries((schema["properties"] ?? {}) as Schema);
  const value = properties.filter(([name]) =>
    required.includes(name) ? random() >= noise / 2 : depth < 5 && random() < 0.6,
  );
  const entries = value.map(([name, sub]): [string, unknown] => [name, inner(sub)]);
  for (const [pattern, sub] of Object.entries((schema["patternProperties"] ?? {}) as Schema)) {
    const names = ["k", "1", "-2", "1.5", "x-1", "x-y", "a-1", "a-b"].filter((name) =>
      new RegExp(pattern, "u").test(name),
    );
    if (depth < 5)
      entries.push(...names.filter(() => random() < 0.4).map((name): [string, unknown] => [name, inner(sub)]));
  }
  const more = schema["additionalProperties"];
  if (typeof more === "object" && random() < 0.5) entries.push(["more", inner(more)]);
  if (random() < noise) entries.push([random() < 0.5 ? "unknown" : "x-1", 1]);
  return Object.fromEntries(entries);
}

function anything(one: <T>(list: readonly T[]) => T): unknown {
  return one([null, true, 0, 1.5, "a", "", [], ["a"], [1, 1], {}, { a: 1 }, { v: null, "1": "b" }]);
}
