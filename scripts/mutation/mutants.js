// The mutants of a source file: small changes of its text, each of which a test should notice.
import ts from "typescript-5";

const { SyntaxKind } = ts;

const OPERATORS = new Map([
  ["<", ["<=", ">"]],
  ["<=", ["<", ">"]],
  [">", [">=", "<"]],
  [">=", [">", "<"]],
  ["===", ["!=="]],
  ["!==", ["==="]],
  ["&&", ["||"]],
  ["||", ["&&"]],
  ["+", ["-"]],
  ["-", ["+"]],
  ["*", ["/"]],
  ["/", ["*"]],
  ["%", ["*"]],
  ["+=", ["-="]],
  ["-=", ["+="]],
  ["&", ["|"]],
  ["|", ["&"]],
]);
const METHODS = new Map([
  ["some", "every"],
  ["every", "some"],
  ["min", "max"],
  ["max", "min"],
  ["startsWith", "endsWith"],
  ["endsWith", "startsWith"],
  ["toLowerCase", "toUpperCase"],
]);

/**
 * All mutants of a text, as `{ start, end, text, line, from }`: the range to replace, its replacement, the line from 1, and the text
 * that is replaced.
 */
export function mutantsOf(file, source) {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.ES2023, true);
  const found = [];
  const replace = (node, text) => {
    const start = node.getStart(tree);
    const { line } = tree.getLineAndCharacterOfPosition(start);
    found.push({ start, end: node.end, text, line: line + 1, from: source.slice(start, node.end) });
  };
  const visit = (node) => {
    // Types, imports and declarations do nothing when the program runs.
    if (ts.isTypeNode(node) && !ts.isExpressionWithTypeArguments(node)) return;
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    mutate(node, replace, tree);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

function mutate(node, replace, tree) {
  if (ts.isBinaryExpression(node)) {
    const operator = node.operatorToken.getText(tree);
    for (const other of OPERATORS.get(operator) ?? []) replace(node.operatorToken, other);
    if (operator === "??") replace(node, node.right.getText(tree));
  } else if (ts.isIfStatement(node)) {
    replace(node.expression, "true");
    replace(node.expression, "false");
  } else if (ts.isConditionalExpression(node)) {
    replace(node.condition, "true");
    replace(node.condition, "false");
  } else if (ts.isWhileStatement(node)) replace(node.expression, "false");
  else if (ts.isPrefixUnaryExpression(node) && node.operator === SyntaxKind.ExclamationToken)
    replace(node, node.operand.getText(tree));
  else if (node.kind === SyntaxKind.TrueKeyword) replace(node, "false");
  else if (node.kind === SyntaxKind.FalseKeyword) replace(node, "true");
  else if (ts.isNumericLiteral(node)) {
    const value = Number(node.text);
    if (!isExcerptSize(node)) replace(node, `${value + 1}`);
    if (value > 1) replace(node, "0");
  } else if (ts.isStringLiteral(node) && isValue(node)) replace(node, node.text === "" ? '"mutant"' : '""');
  else if (ts.isExpressionStatement(node) && isCall(node.expression)) replace(node, ";");
  else if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    const other = METHODS.get(node.expression.name.text);
    if (other !== undefined) replace(node.expression.name, other);
  } else if (ts.isArrayLiteralExpression(node) && node.elements.length > 0) replace(node, "[]");
}

/** Whether a text is a value of the program, and not a name or a specifier. */
function isValue({ parent }) {
  return !(ts.isPropertyAssignment(parent) && ts.isStringLiteral(parent.name)) && !isImport(parent);
}

/** Whether a number is the size to which a foreign text in a message is cut: one character more makes no difference. */
function isExcerptSize({ parent }) {
  return ts.isCallExpression(parent) && ts.isIdentifier(parent.expression) && parent.expression.text === "printable";
}

const isImport = (node) => ts.isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword;

function isCall(expression) {
  const inner =
    ts.isAwaitExpression(expression) || ts.isVoidExpression(expression) ? expression.expression : expression;
  return ts.isCallExpression(inner) && inner.expression.kind !== SyntaxKind.SuperKeyword;
}
