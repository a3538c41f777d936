import { describe, expect, it } from "vitest";
import { canMutate } from "../../../codegen/src/load/source/can-mutate.js";
import { compiler } from "../../../codegen/src/load/source/compiler.js";

const MUTATING = [
  "all.push(Note);",
  "export const size = all.push(Note);",
  "export const { push } = all;",
  'export const size = all["push"](Note);',
  "export const both = Object.assign(Note, Page);",
  "Note.description = 'A note';",
  "export const changed = (Note.description = 'A note');",
  "export const next = () => count++;",
  "export const less = () => --count;",
  "delete Note.description;",
  "export const gone = delete Note.description;",
  "export const names = new Set(['a']);",
  "export class Registry {}",
  "export const Registry = class {};",
  "export function* ids() { yield 1; }",
  "register(Note);",
  "for (all.last of notes) {}",
  "export const timer = setTimeout(() => {}, 1);",
  "export const changed = Reflect.set(Note, 'title', 'Note');",
  "export const is = pattern.test('a');",
];

const HARMLESS = [
  '"use strict";',
  "export const Note = Type.Object({ push: Type.String(), set: Type.Optional(Type.Integer()) });",
  "export const made = (type: Type.TObject) => ({ GET: { response: type } });",
  "export function page<T extends Type.TSchema>(item: T) { const items = Type.Array(item); return Type.Object({ items }); }",
  "export const all = Object.fromEntries(names.map((name) => [name, '/' + name]));",
  "export const first = !isOld && -1 < limits[0] ? limits[0] : limits.length;",
  "export interface Changed { set(value: string): void }",
  "export default defineApi({ name: 'test', version: '1.0.0', resources: { ...notes } });",
];

function isMutating(text: string): boolean {
  return canMutate(compiler.createSourceFile("a.ts", text, compiler.ScriptTarget.ESNext, true));
}

describe("a module of a schema", () => {
  it.each(MUTATING)("may change what another one exports: %s", (text) => {
    expect(isMutating(text)).toBe(true);
  });

  it.each(HARMLESS)("changes nothing outside: %s", (text) => {
    expect(isMutating(text)).toBe(false);
  });
});
