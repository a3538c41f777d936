import type { ts } from "ts-morph";
import { kept } from "../../base/kept.js";
import { compiler } from "./compiler.js";

/** Methods that change their object, or an object that they are given; and those whose result depends on earlier calls. */
const MUTATING: ReadonlySet<string> = new Set(
  (
    "push pop shift unshift splice sort reverse fill copyWithin set Set add Add delete Delete clear Clear assign defineProperty " +
    "defineProperties setPrototypeOf __defineGetter__ __defineSetter__ next return throw exec test call apply bind"
  ).split(" "),
);

/** Globals with a state, or that run code later. */
const STATEFUL: ReadonlySet<string> = new Set(
  "Reflect Proxy Promise console setTimeout setInterval setImmediate queueMicrotask".split(" "),
);

const REFUSED: ReadonlySet<ts.SyntaxKind> = new Set([
  compiler.SyntaxKind.ClassDeclaration,
  compiler.SyntaxKind.ClassExpression,
  compiler.SyntaxKind.DeleteExpression,
  compiler.SyntaxKind.NewExpression,
  compiler.SyntaxKind.PostfixUnaryExpression,
  compiler.SyntaxKind.YieldExpression,
]);

/**
 * Whether running a module may change an object of another one, as far as its syntax shows; true where it does not. What a module
 * exports is then not decided by the module and its imports alone.
 */
export function canMutate(source: ts.SourceFile): boolean {
  return kept(results, source, mutates);
}

const results = new WeakMap<ts.SourceFile, boolean>();

function mutates(node: ts.Node): boolean {
  if (compiler.isTypeNode(node) || compiler.isInterfaceDeclaration(node)) return false;
  if (REFUSED.has(node.kind) || (compiler.isIdentifier(node) && STATEFUL.has(node.text))) return true;
  // A call whose result is not used has another effect.
  if (compiler.isExpressionStatement(node) && !compiler.isStringLiteral(node.expression)) return true;
  if (compiler.isBinaryExpression(node) && isAssignment(node.operatorToken.kind)) return true;
  if (compiler.isPrefixUnaryExpression(node) && isStep(node.operator)) return true;
  if (compiler.isForInStatement(node) || compiler.isForOfStatement(node)) {
    if (!compiler.isVariableDeclarationList(node.initializer)) return true;
  }
  if (compiler.isPropertyAccessExpression(node) && MUTATING.has(node.name.text)) return true;
  if (compiler.isBindingElement(node)) {
    const name = node.propertyName ?? node.name;
    if (compiler.isIdentifier(name) ? MUTATING.has(name.text) : compiler.isComputedPropertyName(name)) return true;
  }
  // Which method it is only shows when it runs.
  if (compiler.isCallExpression(node) && compiler.isElementAccessExpression(node.expression)) return true;
  return compiler.forEachChild(node, (child) => mutates(child) || undefined) === true;
}

function isAssignment(kind: ts.SyntaxKind): boolean {
  return kind >= compiler.SyntaxKind.FirstAssignment && kind <= compiler.SyntaxKind.LastAssignment;
}

function isStep(operator: ts.SyntaxKind): boolean {
  return operator === compiler.SyntaxKind.PlusPlusToken || operator === compiler.SyntaxKind.MinusMinusToken;
}
