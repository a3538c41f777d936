import type { ts } from "ts-morph";
import { compiler } from "./compiler.js";
import type { Declarations } from "./declarations.js";

/** The source of one part of a value. */
interface Part {
  /** The node with the position and the comment: the property, or the expression itself. */
  readonly node: ts.Node;
  readonly expression: ts.Expression;
}

/** The keys of a part in the value at run time, such as `["properties", "id"]`. */
export type Keys = readonly (string | number)[];

/** Functions that return their first argument or a marked copy of it. */
export const WRAPPERS: ReadonlySet<string> = new Set(["Optional", "Readonly", "Immutable"]);

const TRANSPARENT = new Set([...WRAPPERS, "defineApi", "defineResources", "Evaluate", "Refine"]);

/** Functions that copy members of their arguments. */
const COPIES = new Set(["Partial", "Required", "Omit", "Pick", "ReadonlyObject", "With"]);

/** Limits the walk through names, which can be circular in broken sources. */
const MAX_STEPS = 64;

/** Finds the source of the part at `keys` in the value of `expression`. @returns undefined if the source does not show it */
export function findPart(
  declarations: Declarations,
  expression: ts.Expression,
  keys: Keys,
  steps = 0,
): Part | undefined {
  if (steps > MAX_STEPS) return undefined;
  const [key, ...rest] = keys;
  if (key === undefined) return { node: expression, expression };
  const bare = unwrap(expression);
  const find = (next: ts.Expression, nextKeys: Keys) => findPart(declarations, next, nextKeys, steps + 1);
  const declared = declarations.named(bare);
  if (declared !== undefined) return find(declared.expression, keys);
  if (compiler.isObjectLiteralExpression(bare)) {
    for (const property of bare.properties.toReversed()) {
      const part = compiler.isSpreadAssignment(property) ? find(property.expression, [key]) : ownPart(property, key);
      if (part !== undefined) return rest.length === 0 ? part : find(part.expression, rest);
    }
    return undefined;
  }
  if (compiler.isArrayLiteralExpression(bare)) {
    const element =
      typeof key === "number" && !bare.elements.some(compiler.isSpreadElement) ? bare.elements[key] : undefined;
    return element === undefined ? undefined : find(element, rest);
  }
  if (compiler.isPropertyAccessExpression(bare)) {
    // A member of a Type.Module holds the definitions of all members.
    if (key === "$defs") return find(bare.expression, keys);
    const owner = find(bare.expression, [bare.name.text]);
    return owner === undefined ? undefined : find(owner.expression, keys);
  }
  if (compiler.isCallExpression(bare)) {
    for (const [argument, argumentKeys] of argumentsWith(bare, keys)) {
      const part = find(argument, argumentKeys);
      if (part !== undefined) return part;
    }
  }
  return undefined;
}

/** Removes syntax without effect on the value: parentheses, `as`, `satisfies`, `!`. */
export function unwrap(expression: ts.Expression): ts.Expression {
  let inner = expression;
  while (
    compiler.isParenthesizedExpression(inner) ||
    compiler.isAsExpression(inner) ||
    compiler.isSatisfiesExpression(inner) ||
    compiler.isNonNullExpression(inner)
  ) {
    inner = inner.expression;
  }
  return inner;
}

/** The last name in the callee: `Object` of `Type.Object(...)`. */
export function calleeOf({ expression }: ts.CallExpression): string {
  if (compiler.isPropertyAccessExpression(expression)) return expression.name.text;
  return compiler.isIdentifier(expression) ? expression.text : "";
}

function ownPart(
  property: Exclude<ts.ObjectLiteralElementLike, ts.SpreadAssignment>,
  key: string | number,
): Part | undefined {
  if (property.name === undefined || nameOf(property.name) !== String(key)) return undefined;
  if (compiler.isPropertyAssignment(property)) return { node: property, expression: property.initializer };
  return compiler.isShorthandPropertyAssignment(property) ? { node: property, expression: property.name } : undefined;
}

function nameOf(name: ts.PropertyName): string | undefined {
  if (compiler.isIdentifier(name) || compiler.isStringLiteralLike(name) || compiler.isNumericLiteral(name))
    return name.text;
  return compiler.isComputedPropertyName(name) && compiler.isStringLiteralLike(name.expression)
    ? name.expression.text
    : undefined;
}

/** The arguments of a call that can contain the part, each with the keys of the part in it. */
function argumentsWith(call: ts.CallExpression, keys: Keys): readonly (readonly [ts.Expression, Keys])[] {
  const callee = calleeOf(call);
  const [first, second] = call.arguments;
  const [key, ...rest] = keys;
  if (first === undefined) return [];
  if (TRANSPARENT.has(callee)) return [[first, keys]];
  if (COPIES.has(callee)) return call.arguments.map((argument) => [argument, keys] as const);
  switch (`${callee} ${key}`) {
    case "Object properties":
    case "Array items":
    case "Tuple items":
    case "Union anyOf":
    case "Intersect allOf":
    case "Cyclic $defs":
    case "Module $defs":
      return [[first, rest]];
    case "Intersect properties":
      return compiler.isArrayLiteralExpression(first) ? first.elements.map((element) => [element, keys] as const) : [];
    case "Record additionalProperties":
      return second === undefined ? [] : [[second, rest]];
    case "Record patternProperties":
    case "Record properties":
      return second === undefined ? [] : [[second, rest.slice(1)]];
    default:
      return callee === "Module" ? [[first, keys]] : [];
  }
}
