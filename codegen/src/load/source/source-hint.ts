import type { ts } from "ts-morph";
import type { Position } from "../../base/problem.js";
import type { Doc, ExportedSchema, Hint, Origin } from "../../model/hint.js";
import { compiler } from "./compiler.js";
import type { Declarations, Declared } from "./declarations.js";
import { docOf } from "./doc.js";
import { calleeOf, findPart, type Keys, unwrap, WRAPPERS } from "./expression-part.js";
import type { SourceFiles } from "./source-files.js";
import { typeArgumentOf } from "./type-argument.js";

/** What the hints of one run share. */
export interface HintContext {
  readonly sources: SourceFiles;
  readonly declarations: Declarations;
  /** The value of an export at run time. */
  exportedValue(file: string, name: string): unknown;
  versionOf(file: string): object | undefined;
}

/** A {@link Hint} from the syntax tree. A part that the source does not show has the position of its parent. */
export class SourceHint implements Hint {
  readonly doc: Doc;
  readonly #context: HintContext;
  readonly #node: ts.Node;
  readonly #expression: ts.Expression | undefined;

  private constructor(context: HintContext, node: ts.Node, expression: ts.Expression | undefined) {
    this.#context = context;
    this.#node = node;
    this.#expression = expression;
    this.doc = expression === undefined ? {} : docOf(node);
  }

  static of(context: HintContext, declared: Declared): SourceHint {
    return new SourceHint(context, declared.node, declared.expression);
  }

  /** Looked up when a message needs it: most hints have none. */
  get at(): Position {
    return this.#context.sources.position(this.#node);
  }

  get origin(): Origin | undefined {
    let expression = this.#expression;
    for (let next = expression; next !== undefined; next = this.#context.declarations.named(unwrap(next))?.expression) {
      expression = next;
    }
    const version = expression && this.#context.versionOf(expression.getSourceFile().fileName);
    return expression && version && { version, offset: expression.pos };
  }

  get exported(): ExportedSchema | undefined {
    let expression = this.#expression;
    while (expression !== undefined) {
      expression = unwrap(expression);
      const declared = this.#context.declarations.named(expression);
      if (declared?.exported !== undefined) return this.#exportedSchema(declared, declared.exported);
      if (declared !== undefined) expression = declared.expression;
      else if (compiler.isCallExpression(expression) && WRAPPERS.has(calleeOf(expression)))
        expression = expression.arguments[0];
      else return undefined;
    }
    return undefined;
  }

  get typeArgument(): string | undefined {
    return typeArgumentOf(this.#expression, this.#context.sources);
  }

  child(...keys: Keys): Hint {
    const part =
      this.#expression === undefined ? undefined : findPart(this.#context.declarations, this.#expression, keys);
    return part === undefined
      ? new SourceHint(this.#context, this.#node, undefined)
      : new SourceHint(this.#context, part.node, part.expression);
  }

  #exportedSchema(declared: Declared, { file, name }: { file: string; name: string }): ExportedSchema | undefined {
    const value = this.#context.exportedValue(file, name);
    if (typeof value !== "object" || value === null) return undefined;
    return { name, value, hint: SourceHint.of(this.#context, declared) };
  }
}
