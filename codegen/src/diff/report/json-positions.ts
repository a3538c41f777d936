import type { ts } from "ts-morph";
import type { Position } from "../../base/problem.js";
import { withoutMark } from "../../base/without-mark.js";
import { compiler } from "../../load/source/compiler.js";

/** The lines of a JSON file. */
export class JsonPositions {
  readonly #file: string;
  readonly #source: ts.JsonSourceFile;
  readonly #members = new WeakMap<ts.Node, ReadonlyMap<string, ts.PropertyAssignment>>();

  constructor(file: string, text: string) {
    this.#file = file;
    this.#source = compiler.parseJsonText(file, withoutMark(text));
  }

  /** The place of the innermost of these keys that the file has, one inside the other. */
  at(keys: readonly string[]): Position {
    let value: ts.Node | undefined = this.#source.statements[0]?.expression;
    let found: ts.Node | undefined;
    for (const key of keys) {
      const member: ts.PropertyAssignment | undefined = value && this.#membersOf(value).get(key);
      if (member === undefined) break;
      [found, value] = [member.name, member.initializer];
    }
    const { line, character } = this.#source.getLineAndCharacterOfPosition(found?.getStart(this.#source) ?? 0);
    return { file: this.#file, line: line + 1, column: character + 1 };
  }

  #membersOf(value: ts.Node): ReadonlyMap<string, ts.PropertyAssignment> {
    const known = this.#members.get(value);
    if (known !== undefined) return known;
    const properties = compiler.isObjectLiteralExpression(value) ? value.properties : [];
    const members = new Map(
      properties.flatMap((member) =>
        compiler.isPropertyAssignment(member) && compiler.isStringLiteral(member.name)
          ? [[member.name.text, member] as const]
          : [],
      ),
    );
    this.#members.set(value, members);
    return members;
  }
}
