import { expect, test } from "vitest";
import { describeJsonFault, jsonFault } from "../../../../runtime/src/codec/json-fault.js";
import { Random } from "../wire/random.js";

const GOOD = '{"a":[1,-2.5e+3,true,null,"x\\u00e9\\n"],"b":{},"c":[],"d":{"e":"f"}}';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test("finds a fault exactly where `JSON.parse` fails", () => {
  const random = new Random(7);
  const next = (limit: number): number => random.below(limit);
  const characters = '{}[],:"\\ 0123eE+-.truefalsn\n\u0001x';
  for (let round = 0; round < 20_000; round++) {
    const text = [...GOOD];
    for (let change = next(3); change >= 0; change--) {
      const character = characters[next(characters.length)] as string;
      text.splice(next(text.length), next(2), ...(next(2) ? [character] : []));
    }
    const changed = text.join("");
    expect([changed, jsonFault(changed) === undefined]).toEqual([changed, isJson(changed)]);
  }
});

test.each([
  ['{"a":1,}', 7],
  ["{'a':1}", 1],
  ['{"a" 1}', 5],
  ["[1 2]", 3],
  ["[01]", 2],
  ['"a\nb"', 2],
  ['"\\x"', 2],
  ["", 0],
  ['{"a":', 5],
  ["1 2", 2],
  ["nul", 0],
])("finds the fault of %j at offset %d", (text, at) => {
  expect(jsonFault(text)).toBe(at);
});

test.each([
  ["nope", 'invalid JSON at line 1, column 1: unexpected token "nope"'],
  ['{\n  "a": 1,\n}', 'invalid JSON at line 3, column 1: unexpected token "}"'],
  ["", "invalid JSON at line 1, column 1: unexpected end of input"],
  ['{"a":', "invalid JSON at line 1, column 6: unexpected end of input"],
  ["[".repeat(300_000), "invalid JSON"],
  ['{"a":1}', undefined],
  ["1".repeat(300_000), undefined],
])("describes the fault by line and column (case %#)", (text, description) => {
  expect(describeJsonFault(text)).toBe(description);
});
