import type { ts } from "ts-morph";
import { isCompound } from "../../base/is-compound.js";
import { compiler } from "./compiler.js";
import { calleeOf, unwrap, WRAPPERS } from "./expression-part.js";
import type { SourceFiles } from "./source-files.js";

/** Types of every TypeScript program that generated code can name. */
const GLOBAL = new Set(
  "Array ReadonlyArray Record Readonly Partial Required Pick Omit Exclude Extract NonNullable Uppercase Lowercase".split(
    " ",
  ),
);

/** Limits the declarations inside each other: a type can contain itself. */
const MAX_DEPTH = 16;

/**
 * The text of `T` in `Type.Unsafe<T>(...)`, with the types of the project replaced by what they stand for.
 * @returns undefined without `T`, or where it needs a name that generated code does not have: a class, a type with parameters or of a
 *   package, a `unique symbol`
 */
export function typeArgumentOf(expression: ts.Expression | undefined, sources: SourceFiles): string | undefined {
  let call = expression === undefined ? undefined : unwrap(expression);
  while (call !== undefined && compiler.isCallExpression(call) && WRAPPERS.has(calleeOf(call))) {
    call = call.arguments[0] === undefined ? undefined : unwrap(call.arguments[0]);
  }
  if (call === undefined || !compiler.isCallExpression(call) || calleeOf(call) !== "Unsafe") return undefined;
  const [argument] = call.typeArguments ?? [];
  return argument === undefined ? undefined : new TypeCopier(sources).text(argument, 0);
}

class TypeCopier {
  readonly #sources: SourceFiles;

  constructor(sources: SourceFiles) {
    this.#sources = sources;
  }

  text(node: ts.TypeNode, depth: number): string | undefined {
    const inner = (sub: ts.TypeNode): string | undefined => this.text(sub, depth + 1);
    const several = (nodes: readonly ts.TypeNode[], separator: string): string | undefined => {
      const texts = nodes.map((sub) => parenthesized(inner(sub)));
      return texts.includes(undefined) ? undefined : texts.join(separator);
    };
    if (depth > MAX_DEPTH) return undefined;
    if (compiler.isUnionTypeNode(node)) return several(node.types, " | ");
    if (compiler.isIntersectionTypeNode(node)) return several(node.types, " & ");
    if (compiler.isParenthesizedTypeNode(node)) return around("(", inner(node.type), ")");
    if (compiler.isArrayTypeNode(node)) return around("", parenthesized(inner(node.elementType)), "[]");
    if (compiler.isTypeOperatorNode(node)) {
      return node.operator === compiler.SyntaxKind.ReadonlyKeyword
        ? around("readonly ", inner(node.type), "")
        : undefined;
    }
    if (compiler.isTupleTypeNode(node)) {
      const isPlain = !node.elements.some(
        (element) =>
          compiler.isNamedTupleMember(element) ||
          compiler.isRestTypeNode(element) ||
          compiler.isOptionalTypeNode(element),
      );
      return isPlain ? around("[", several(node.elements as unknown as readonly ts.TypeNode[], ", "), "]") : undefined;
    }
    if (compiler.isTypeLiteralNode(node)) return this.#members(node.members, depth);
    if (compiler.isTypeReferenceNode(node)) return this.#reference(node, depth);
    if (compiler.isLiteralTypeNode(node)) return node.getText();
    if (compiler.isTemplateLiteralTypeNode(node))
      return /\$\{(?!string\}|number\}|boolean\})/.test(node.getText()) ? undefined : node.getText();
    return /^(string|number|boolean|unknown|never|any|object|undefined)$/.test(node.getText())
      ? node.getText()
      : undefined;
  }

  #members(members: ts.NodeArray<ts.TypeElement>, depth: number): string | undefined {
    const texts = members.map((member) => {
      if (!compiler.isPropertySignature(member) || member.type === undefined) return undefined;
      if (compiler.isComputedPropertyName(member.name)) return undefined;
      const readonly = member.modifiers?.some(({ kind }) => kind === compiler.SyntaxKind.ReadonlyKeyword)
        ? "readonly "
        : "";
      const head = `${readonly}${member.name.getText()}${member.questionToken === undefined ? "" : "?"}: `;
      return around(head, this.text(member.type, depth + 1), "");
    });
    return texts.includes(undefined) ? undefined : `{ ${texts.join("; ")} }`;
  }

  #reference(node: ts.TypeReferenceNode, depth: number): string | undefined {
    if (!compiler.isIdentifier(node.typeName)) return undefined;
    const name = node.typeName.text;
    const declared = this.#declared(node.getSourceFile().fileName, name, 0);
    if (declared !== undefined) {
      if (node.typeArguments !== undefined || declared.typeParameters !== undefined) return undefined;
      if (compiler.isTypeAliasDeclaration(declared)) return this.text(declared.type, depth + 1);
      return declared.heritageClauses === undefined ? this.#members(declared.members, depth) : undefined;
    }
    if (!GLOBAL.has(name)) return undefined;
    const texts = (node.typeArguments ?? []).map((argument) => this.text(argument, depth + 1));
    return texts.includes(undefined) || texts.length === 0 ? undefined : `${name}<${texts.join(", ")}>`;
  }

  /** The type that `name` means in `file`, also if it is imported from another file of the project. */
  #declared(file: string, name: string, steps: number): ts.TypeAliasDeclaration | ts.InterfaceDeclaration | undefined {
    for (const statement of steps > MAX_DEPTH ? [] : (this.#sources.read(file)?.statements ?? [])) {
      const isType = compiler.isTypeAliasDeclaration(statement) || compiler.isInterfaceDeclaration(statement);
      if (isType && statement.name.text === name) return statement;
      const clause = compiler.isImportDeclaration(statement) ? statement.importClause?.namedBindings : undefined;
      if (clause === undefined || !compiler.isNamedImports(clause)) continue;
      const element = clause.elements.find((one) => one.name.text === name);
      const specifier = (statement as ts.ImportDeclaration).moduleSpecifier;
      const from =
        element !== undefined && compiler.isStringLiteral(specifier)
          ? this.#sources.resolve(specifier.text, file)
          : undefined;
      if (from !== undefined)
        return this.#declared(from, (element?.propertyName ?? element?.name)?.text ?? name, steps + 1);
    }
    return undefined;
  }
}

function parenthesized(text: string | undefined): string | undefined {
  return text !== undefined && isCompound(text) ? `(${text})` : text;
}

function around(before: string, text: string | undefined, after: string): string | undefined {
  return text === undefined ? undefined : `${before}${text}${after}`;
}
