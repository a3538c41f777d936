import type { ts } from "ts-morph";
import { compiler } from "./compiler.js";

/** A part of a text, and what takes its place. */
export interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** What a statement is without its types. */
interface Erased {
  /** Spaces in place of types: what follows keeps its line and column. */
  readonly blanks: readonly Replacement[];
  /** The names in the statement that can be those of values. */
  readonly names: ReadonlySet<string>;
  /** Whether it declares types alone. */
  readonly isTypeOnly: boolean;
}

/** Syntax that is more than JavaScript with types: it has code of its own, or needs a look at more than one node. */
const NEEDS_COMPILER: ReadonlySet<ts.SyntaxKind> = new Set([
  compiler.SyntaxKind.ClassDeclaration,
  compiler.SyntaxKind.ClassExpression,
  compiler.SyntaxKind.Decorator,
  compiler.SyntaxKind.EnumDeclaration,
  compiler.SyntaxKind.ExpressionWithTypeArguments,
  compiler.SyntaxKind.ImportEqualsDeclaration,
  compiler.SyntaxKind.ModuleDeclaration,
  compiler.SyntaxKind.TypeAssertionExpression,
]);

/** Erases the types of a statement. @returns undefined if that takes the compiler */
export function eraseTypes(statement: ts.Statement): Erased | undefined {
  const source = statement.getSourceFile();
  const blanks: Replacement[] = [];
  const names = new Set<string>();
  const blank = (start: number, end: number): void => {
    blanks.push(blanked(source, start, end));
  };
  /** A list of types, with its angle brackets. */
  const blankList = (list: ts.NodeArray<ts.Node> | undefined): void => {
    if (list !== undefined) blank(list.pos - 1, source.text.indexOf(">", list.end) + 1);
  };
  const isErasable = (node: ts.Node): boolean => {
    if (NEEDS_COMPILER.has(node.kind)) return false;
    if (isTypeOnly(node)) {
      blank(node.getStart(source), node.end);
      return true;
    }
    if (compiler.isIdentifier(node)) names.add(node.text);
    if (compiler.isAsExpression(node) || compiler.isSatisfiesExpression(node) || compiler.isNonNullExpression(node)) {
      blank(node.expression.end, node.end);
    }
    if (compiler.isVariableDeclaration(node) || compiler.isParameter(node)) {
      if (compiler.isParameter(node) && !isPlainParameter(node)) return false;
      const { name, type } = node;
      if (type !== undefined) blank(name.end, type.end);
      else if (compiler.isParameter(node) && node.questionToken !== undefined) blank(name.end, node.questionToken.end);
    }
    if (compiler.isFunctionLike(node)) {
      blankList(node.typeParameters);
      // The colon stands right before the type.
      if (node.type !== undefined) blank(node.type.pos - 1, node.type.end);
    }
    if (
      compiler.isCallExpression(node) ||
      compiler.isNewExpression(node) ||
      compiler.isTaggedTemplateExpression(node)
    ) {
      blankList(node.typeArguments);
    }
    return (
      compiler.forEachChild(node, (child) => (compiler.isTypeNode(child) || isErasable(child) ? undefined : true)) !==
      true
    );
  };
  return isErasable(statement) ? { blanks, names, isTypeOnly: isTypeOnly(statement) } : undefined;
}

/** Spaces in place of a part of `source`, with its line breaks. */
export function blanked(source: ts.SourceFile, start: number, end: number): Replacement {
  return { start, end, text: source.text.slice(start, end).replaceAll(/[^\r\n]/g, " ") };
}

function isTypeOnly(node: ts.Node): boolean {
  if (compiler.isInterfaceDeclaration(node) || compiler.isTypeAliasDeclaration(node)) return true;
  if (compiler.isFunctionDeclaration(node) && node.body === undefined) return true;
  return hasModifier(node, compiler.SyntaxKind.DeclareKeyword);
}

/** Not `this: T`, and no property of a class. */
function isPlainParameter({ name, modifiers }: ts.ParameterDeclaration): boolean {
  return modifiers === undefined && !(compiler.isIdentifier(name) && name.text === "this");
}

/** Whether a declaration has a modifier, such as `export`. */
export function hasModifier(node: ts.Node, kind: ts.SyntaxKind): boolean {
  const modifiers = compiler.canHaveModifiers(node) ? (node.modifiers ?? []) : [];
  return modifiers.some((modifier) => modifier.kind === kind);
}
