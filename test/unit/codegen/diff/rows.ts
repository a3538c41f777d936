import type { RuleId } from "../../../../codegen/src/diff/rules/rules.js";

/** A change of a type. Types are texts of TypeBox, for schema files too. */
export interface Row {
  readonly rule: RuleId;
  /** What the change is, where several rows have one rule. */
  readonly what?: string;
  readonly old: string;
  readonly new: string;
  /** The path of the change inside the type. */
  readonly path?: string;
  /** The path of the change back, where it is another one. */
  readonly pathBack?: string;
}

const A = "a: Type.Integer()";
const member = (tag: string, value: string, more = ""): string =>
  `Type.Object({ ${tag}: Type.Literal("${value}")${more} })`;

/** The rows of "Compatible change", in the direction of the first rule; the change back is tested with it. */
export const ROWS: readonly Row[] = [
  {
    rule: "required-property-added",
    old: `Type.Object({ ${A} })`,
    new: `Type.Object({ ${A}, b: Type.String() })`,
    path: ".b",
  },
  {
    rule: "optional-property-added",
    old: `Type.Object({ ${A} })`,
    new: `Type.Object({ ${A}, b: Type.Optional(Type.String()) })`,
    path: ".b",
  },
  {
    rule: "property-now-optional",
    old: `Type.Object({ ${A}, b: Type.String() })`,
    new: `Type.Object({ ${A}, b: Type.Optional(Type.String()) })`,
    path: ".b",
  },
  { rule: "integer-to-number", old: "Type.Integer()", new: "Type.Number()" },
  { rule: "null-added", old: "Type.String()", new: "Type.Union([Type.String(), Type.Null()])" },
  {
    rule: "union-member-added",
    what: "of another JSON type",
    old: "Type.String()",
    new: "Type.Union([Type.String(), Type.Integer()])",
  },
  {
    rule: "union-member-added",
    what: "with a tag",
    old: `Type.Union([${member("k", "a", ", v: Type.Integer()")}, ${member("k", "b")}])`,
    new: `Type.Union([${member("k", "a", ", v: Type.Integer()")}, ${member("k", "b")}, ${member("k", "c")}])`,
  },
  { rule: "enum-value-added", old: 'Type.Enum(["a", "b"])', new: 'Type.Enum(["a", "b", "c"])' },
  {
    rule: "enum-value-added",
    what: "of literals",
    old: 'Type.Union([Type.Literal("a"), Type.Literal(1)])',
    new: 'Type.Union([Type.Literal("a"), Type.Literal(1), Type.Literal(2)])',
  },
  ...bounds(),
  { rule: "constraint-removed", what: "pattern", old: 'Type.String({ pattern: "^[a-z]+$" })', new: "Type.String()" },
  { rule: "constraint-removed", what: "format", old: 'Type.String({ format: "email" })', new: "Type.String()" },
  {
    rule: "constraint-removed",
    what: "unique items",
    old: "Type.Array(Type.Integer(), { uniqueItems: true })",
    new: "Type.Array(Type.Integer())",
  },
  { rule: "constraint-removed", what: "multiple", old: "Type.Integer({ multipleOf: 2 })", new: "Type.Integer()" },
  {
    rule: "pattern-changed",
    old: 'Type.String({ pattern: "^[a-z]+$" })',
    new: 'Type.String({ pattern: "^[0-9]{2,4}$" })',
  },
  { rule: "format-changed", old: 'Type.String({ format: "date" })', new: 'Type.String({ format: "email" })' },
  { rule: "constraint-changed", old: "Type.Integer({ multipleOf: 2 })", new: "Type.Integer({ multipleOf: 3 })" },
  {
    rule: "discriminator-changed",
    old: `Type.Union([${member("k", "a")}, ${member("k", "b")}])`,
    new: `Type.Union([${member("t", "a")}, ${member("t", "b")}])`,
  },
  { rule: "type-widened", what: "from a value", old: 'Type.Enum(["a", "b"])', new: "Type.String()" },
  { rule: "type-widened", what: "to any value", old: "Type.String()", new: "Type.Unknown()" },
  { rule: "type-changed", old: "Type.String()", new: "Type.Integer()" },
  {
    rule: "undeclared-properties-allowed",
    old: `Type.Object({ ${A} }, { additionalProperties: Type.Integer() })`,
    new: `Type.Object({ ${A} }, { additionalProperties: true })`,
    path: ".*",
  },
  {
    rule: "property-renamed",
    what: "required",
    old: `Type.Object({ ${A}, b: Type.String() })`,
    new: `Type.Object({ ${A}, c: Type.String() })`,
    path: ".b",
    pathBack: ".c",
  },
  {
    rule: "property-renamed",
    what: "optional",
    old: `Type.Object({ ${A}, b: Type.Optional(Type.String()) })`,
    new: `Type.Object({ ${A}, c: Type.Optional(Type.String()) })`,
    path: ".b",
    pathBack: ".c",
  },
  {
    rule: "default-changed",
    old: "Type.Integer({ default: 1 })",
    new: "Type.Integer({ default: 2 })",
  },
  {
    rule: "documentation-changed",
    old: 'Type.Integer({ description: "one" })',
    new: 'Type.Integer({ description: "two" })',
  },
];

function bounds(): readonly Row[] {
  const row = (type: string, keyword: string, [old, next]: readonly [number, number]): Row => ({
    rule: "bound-loosened",
    what: keyword,
    old: `${type}{ ${keyword}: ${old} })`,
    new: `${type}{ ${keyword}: ${next} })`,
  });
  return [
    row("Type.String(", "maxLength", [2, 5]),
    row("Type.String(", "minLength", [3, 1]),
    row("Type.Number(", "maximum", [2, 5]),
    row("Type.Number(", "minimum", [2, 1]),
    row("Type.Number(", "exclusiveMaximum", [2, 2.5]),
    row("Type.Integer(", "exclusiveMinimum", [2, 1]),
    row("Type.Array(Type.Integer(), ", "maxItems", [1, 2]),
    row("Type.Array(Type.Integer(), ", "minItems", [2, 1]),
    row("Type.Record(Type.String(), Type.Integer(), ", "maxProperties", [1, 2]),
    row("Type.Record(Type.String(), Type.Integer(), ", "minProperties", [2, 1]),
  ];
}

/** A type around the type that changes, and the path from one to the other. */
export interface Nesting {
  readonly where: string;
  readonly wrap: (type: string) => string;
  readonly path: string;
}

export const NESTINGS: readonly Nesting[] = [
  { where: "alone", wrap: (type) => type, path: "$" },
  { where: "in an array", wrap: (type) => `Type.Array(${type})`, path: "$[*]" },
  { where: "in a tuple", wrap: (type) => `Type.Tuple([Type.String(), ${type}])`, path: "$[1]" },
  { where: "in a record", wrap: (type) => `Type.Record(Type.String(), ${type})`, path: "$.*" },
  {
    where: "in a record with a pattern",
    wrap: (type) => `Type.Object({}, { patternProperties: { "^x-": ${type} } })`,
    path: "$.*",
  },
  { where: "in an optional property", wrap: (type) => `Type.Object({ v: Type.Optional(${type}) })`, path: "$.v" },
  {
    where: "in a union with a tag",
    wrap: (type) => `Type.Union([${member("tag", "x", `, v: ${type}`)}, ${member("tag", "y")}])`,
    path: "$.v",
  },
  {
    where: "in a union with arrays",
    wrap: (type) => `Type.Union([Type.Object({ v: ${type} }), Type.Array(Type.String())])`,
    path: "$.v",
  },
  {
    where: "in an intersection",
    wrap: (type) => `Type.Intersect([Type.Object({ v: ${type} }), Type.Object({ w: Type.String() })])`,
    path: "$.v",
  },
  {
    where: "in a recursive type",
    wrap: (type) => `Type.Cyclic({ Tree: Type.Object({ v: ${type}, of: Type.Array(Type.Ref("Tree")) }) }, "Tree")`,
    path: "$.v",
  },
];
