import { generate, SchemaProblem } from "@sshrpc/codegen";
import { expect, test } from "vitest";
import { Project } from "./project.js";

const HEAD = 'import Type from "typebox";\nimport { defineApi } from "sshrpc/schema";\n';

/** A schema whose response has a property for each of `types`. */
function apiOf(imports: string, types: string): string {
  return `${HEAD}${imports}
export default defineApi({ name: "t", version: "1.0.0", resources: { a: { GET: { response: Type.Object({ ${types} }) } } } });
`;
}

async function responseOf(files: Readonly<Record<string, string>>): Promise<Readonly<Record<string, unknown>>> {
  const project = new Project(files);
  await generate({ cwd: project.folder });
  const contract = JSON.parse(project.read("generated/api.json"));
  return contract.resources.a.methods.GET.response.properties;
}

test("modules import and re-export each other in every form", async () => {
  const properties = await responseOf({
    "schema/text.ts":
      'import Type from "typebox";\nexport default Type.String();\nexport const max = 3, { min } = { min: 1 };\n',
    "schema/all.ts": `export * from "./text.js";
export { default as text, max as limit } from "./text.js";
export * as whole from "./text.js";
export type { Nothing } from "./types.js";
`,
    "schema/types.ts": "export interface Nothing {}\nthrow new Error('only types are imported');\n",
    "schema/api.ts": apiOf(
      `import { text, limit, whole, min as least, max } from "./all.js";
import short, * as all from "./text.js";
import type { Nothing } from "./types.js";
import { type Nothing as Other, Nothing as Unused } from "./types.js";
const local: Nothing | Other | Unused = {}, other = Type.Literal(max);
export { local, other as renamed };`,
      "text, short, limit: Type.Literal(limit), whole: Type.Literal(whole.max), least: Type.Literal(least), all: Type.Literal(all.min), other",
    ),
  });
  const literal = (value: number) => ({ const: value, type: "number" });
  expect(properties).toEqual({
    text: { $ref: "#/types/Text" },
    short: { $ref: "#/types/Text" },
    limit: literal(3),
    whole: literal(3),
    least: literal(1),
    all: literal(1),
    other: { $ref: "#/types/Renamed" },
  });
});

test("types in every position leave no trace in what runs", async () => {
  const properties = await responseOf({
    "schema/api.ts": apiOf(
      `type Key = keyof typeof sizes;
interface Size { readonly max: number }
declare const unseen: string;
const sizes = { a: 1, b: 2 } as const satisfies Record<string, number>;
function literal<Value extends number>(value: Value, scale?: number): ReturnType<typeof Type.Literal<number>>;
function literal(value: number, scale: number = 1, ...rest: readonly string[]) { return Type.Literal(value * scale + rest.length); }
const make = <Value,>({ value }: { value: Value }): Value => value;
const sized = (key: Key, size?: Size): number => (sizes[key]! as number) + (size?.max ?? 0);
const set = new Map<Key, { readonly of: number }>([["a", { of: sized("b") }]]);
let later: number;
later = 4;`,
      'a: literal(sized("a", { max: 1 } satisfies Size)), b: literal(make<number>({ value: set.get("a")!.of })), c: literal(later)',
    ),
  });
  const values = Object.values(properties).map((schema) => (schema as { const: unknown }).const);
  expect(values).toEqual([2, 2, 4]);
});

test("syntax with code of its own runs as the compiler translates it", async () => {
  const properties = await responseOf({
    "schema/api.ts": apiOf(
      "enum State { open = 1, done }\nclass Limits { constructor(readonly max: number) {} }",
      "state: Type.Enum(State), max: Type.Literal(new Limits(7).max)",
    ),
  });
  expect(JSON.stringify(properties)).toContain('"const":7');
  expect(JSON.stringify(properties)).toMatch(/"enum":\[1,2\]|"const":1.*"const":2/);
});

test("modules that import each other use each other's values in functions", async () => {
  const properties = await responseOf({
    "schema/even.ts":
      'import { odd } from "./odd.js";\nexport const even = (n: number): boolean => n === 0 || odd(n - 1);\n',
    "schema/odd.ts":
      'import { even } from "./even.js";\nexport const odd = (n: number): boolean => n !== 0 && even(n - 1);\n',
    "schema/api.ts": apiOf(
      'import { even } from "./even.js";',
      "even: Type.Literal(even(6)), odd: Type.Literal(even(7))",
    ),
  });
  expect(properties).toMatchObject({ even: { const: true }, odd: { const: false } });
});

test("an exception has the line and column of its source after types and imports over several lines", async () => {
  const project = new Project({
    "schema/api.ts": `import {
  Type,
  type Static,
} from "typebox";
interface Options {
  readonly name: string;
}
const options = { name: "a" } satisfies Options as Options; throw new TypeError(options.name);
export type Note = Static<typeof Type>;
export default 1;
`,
  });
  const error = await generate({ cwd: project.folder }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SchemaProblem);
  expect((error as SchemaProblem).message).toBe("schema/api.ts:8:67: TypeError: a");
});
