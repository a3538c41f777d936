// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts of template literal types
import fc from "fast-check";

const key = fc.constantFrom("a", "b", "c", "x-y", "1");
const number = fc.integer({ min: -3, max: 6 });
const size = fc.nat(3);
const literal = fc.constantFrom('"a"', '"b"', '"x y"', '"1"', "0", "1", "-2.5", "true", "false");

const scalar = fc.oneof(
  fc.constantFrom("Type.String()", "Type.Number()", "Type.Integer()", "Type.Boolean()", "Type.Null()"),
  fc.constantFrom("Type.Unknown()", "Type.Any()", "Type.Never()"),
  literal.map((value) => `Type.Literal(${value})`),
  fc.uniqueArray(fc.constantFrom('"a"', '"b"', "1", "2"), { minLength: 1 }).map((values) => `Type.Enum([${values}])`),
  fc.tuple(size, size).map(([low, more]) => `Type.String({ minLength: ${low}, maxLength: ${low + more} })`),
  fc.constantFrom("^a", "b$", "^[a-c]*$").map((pattern) => `Type.String({ pattern: ${JSON.stringify(pattern)} })`),
  fc.tuple(number, size).map(([low, more]) => `Type.Number({ minimum: ${low}, exclusiveMaximum: ${low + more} })`),
  fc.constantFrom(0.5, 2, 3).map((step) => `Type.Integer({ multipleOf: ${step} })`),
  fc
    .constantFrom("a${string}", "v${number}-${number}", "${string}-b", "x${1|2}y", "a b")
    .map((text) => `Type.TemplateLiteral(${JSON.stringify(text)})`),
  fc
    .constantFrom(
      'Type.TemplateLiteral([Type.Literal("a-"), Type.Union([Type.Literal("b"), Type.Literal("c")])])',
      'Type.TemplateLiteral([Type.Boolean(), Type.Literal("+"), Type.Integer()])',
    )
    .filter((text) => !text.includes("+")),
  fc.constant("Type.KeyOf(Type.Object({ a: Type.String(), b: Type.Null() }))"),
);

function typeOf(depth: number): fc.Arbitrary<string> {
  if (depth === 0) return scalar;
  const inner = fc.nat(depth - 1).chain((less) => typeOf(less));
  const objects = objectType(inner);
  const several = fc.array(inner, { minLength: 1, maxLength: 3 }).map((types) => types.join(", "));
  return fc.oneof(
    scalar,
    { weight: 3, arbitrary: objects },
    inner.map((type) => `Type.Array(${type})`),
    inner.map((type) => `Type.Immutable(Type.Array(${type}))`),
    fc
      .tuple(inner, size, size)
      .map(([type, low, more]) => `Type.Array(${type}, { minItems: ${low}, maxItems: ${low + more} })`),
    inner.map((type) => `Type.Array(${type}, { uniqueItems: true })`),
    fc
      .tuple(inner, inner, size)
      .map(([type, one, most]) => `Type.Array(${type}, { contains: ${one}, maxContains: ${most + 1} })`),
    several.map((types) => `Type.Tuple([${types}])`),
    several.map((types) => `Type.Union([${types}])`),
    fc.tuple(objects, objects).map((types) => `Type.Union([${types.join(", ")}])`),
    several.map((types) => `Type.Intersect([${types}])`),
    fc.tuple(objects, objects).map((types) => `Type.Intersect([${types.join(", ")}])`),
    fc.tuple(objects, recordType(inner)).map((types) => `Type.Intersect([${types.join(", ")}])`),
    recordType(inner),
    objects.map((type) => `Type.Partial(${type})`),
    objects.map((type) => `Type.Required(${type})`),
    fc.tuple(objects, objects).map((types) => `Type.Evaluate(Type.Intersect([${types.join(", ")}]))`),
    fc.tuple(inner, inner).map(([a, b]) => `Type.Pick(Type.Object({ a: ${a}, b: ${b} }), ["a"])`),
    fc.tuple(inner, inner).map(([a, b]) => `Type.Omit(Type.Object({ a: ${a}, b: ${b} }), ["a"])`),
    fc.tuple(inner, inner).map(([a, b]) => `Type.Index(Type.Object({ a: ${a}, b: ${b} }), ["a", "b"])`),
    inner.map((type) => `Type.NonNullable(Type.Union([${type}, Type.Null()]))`),
    fc.tuple(objects, inner).map(([base, type]) => `Type.Interface([${base}], { own: ${type} })`),
  );
}

function objectType(inner: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const property = fc.tuple(key, inner, fc.constantFrom("", "Optional", "Readonly", "ReadonlyOptional"));
  const more = fc.oneof(
    { weight: 6, arbitrary: fc.constant("") },
    fc.constantFrom(", { additionalProperties: false }", ", { additionalProperties: true }", ", { minProperties: 1 }"),
    inner.map((type) => `, { additionalProperties: ${type} }`),
    inner.map((type) => `, { patternProperties: { "^x-": ${type} } }`),
  );
  return fc
    .tuple(fc.uniqueArray(property, { minLength: 1, maxLength: 3, selector: ([name]) => name }), more)
    .map(
      ([properties, options]) =>
        `Type.Object({ ${properties.map(([name, type, marks]) => `${JSON.stringify(name)}: ${marked(type, marks)}`).join(", ")} }${options})`,
    );
}

function marked(type: string, marks: string): string {
  if (marks === "") return type;
  return marks === "ReadonlyOptional" ? `Type.Readonly(Type.Optional(${type}))` : `Type.${marks}(${type})`;
}

function recordType(inner: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const keys = [
    "Type.String()",
    "Type.Integer()",
    "Type.Number()",
    'Type.TemplateLiteral("x-${string}")',
    'Type.TemplateLiteral("a-${number}")',
    'Type.Union([Type.Literal("a"), Type.Literal("b")])',
  ];
  return fc.tuple(fc.constantFrom(...keys), inner).map(([of, type]) => `Type.Record(${of}, ${type})`);
}

/** A type that contains itself, behind definitions that may be only references. */
function moduleType(): fc.Arbitrary<string> {
  const ref = fc.constantFrom('Type.Ref("A")', 'Type.Ref("B")', 'Type.Ref("C")');
  const child = fc.oneof(
    ref.map((to) => `Type.Optional(${to})`),
    ref.map((to) => `Type.Array(${to})`),
    ref.map((to) => `Type.Union([${to}, Type.Null()])`),
    ref.map((to) => `Type.Record(Type.String(), ${to})`),
  );
  const object = fc
    .tuple(scalar, child, child)
    .map(([v, one, two]) => `Type.Object({ v: ${v}, one: ${one}, two: ${two} })`);
  const definition = fc.oneof(
    { weight: 2, arbitrary: fc.constant('Type.Ref("A")') },
    object,
    fc.constant('Type.Union([Type.String(), Type.Ref("A")])'),
  );
  return fc
    .tuple(object, definition, definition, fc.constantFrom("A", "B", "C"), fc.boolean())
    .map(([a, b, c, root, cyclic]) => {
      const members = `{ A: ${a}, B: ${b}, C: ${c} }`;
      return cyclic ? `Type.Cyclic(${members}, "${root}")` : `Type.Module(${members}).${root}`;
    });
}

/**
 * Texts of TypeBox types, such as `Type.Array(Type.String())`: text, because the compiler reads it, too. Left
 * out is where `Value.Check` and `Static` differ: a "." in template literals, and properties with the name of an inherited one.
 */
export const typeSource: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.nat(3).chain((depth) => typeOf(depth)) },
  { weight: 2, arbitrary: moduleType() },
);
