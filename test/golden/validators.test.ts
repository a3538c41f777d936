import type { Validator } from "sshrpc/generated";
import { describe, expect, test } from "vitest";

/** The generated validators of a golden case, by name. */
async function validatorsOf(name: string): Promise<Readonly<Record<string, Validator>>> {
  return import(new URL(`cases/${name}/generated/validators.js`, import.meta.url).href);
}

/** The errors of a validator, as path and keyword; empty if it accepts. */
async function complaints(name: string, validator: string, value: unknown): Promise<readonly string[]> {
  const check = (await validatorsOf(name))[validator];
  if (check === undefined) throw new Error(`${name} has no validator ${validator}`);
  return check(value) ? [] : (check.errors ?? []).map(({ instancePath, keyword }) => `${instancePath} ${keyword}`);
}

const json = (text: string): unknown => JSON.parse(text);

describe("a request", () => {
  test("rejects an undeclared property and reports its path", async () => {
    expect(await complaints("small", "noteRefClosed", { id: 1 })).toEqual([]);
    expect(await complaints("small", "noteRefClosed", { id: 1, extra: 2 })).toEqual([" additionalProperties"]);
    expect(await complaints("small", "pingGetRequestClosed", {})).toEqual([]);
    expect(await complaints("small", "pingGetRequestClosed", { extra: 2 })).toEqual([" additionalProperties"]);
  });

  test("is rejected if it has an own __proto__, which JSON permits", async () => {
    expect(await complaints("small", "noteRefClosed", json('{"id":1,"__proto__":{"id":2}}'))).toEqual([
      " additionalProperties",
    ]);
    const deep = json('{"name":"n","tags":[{"text":"t","__proto__":1}],"body":"b"}');
    expect(await complaints("combined", "articleClosed", deep)).toContain("/tags/0 additionalProperties");
  });

  test("is rejected if an integer is unsafe, fractional, NaN or infinite", async () => {
    expect(await complaints("small", "noteRefClosed", { id: Number.MAX_SAFE_INTEGER })).toEqual([]);
    expect(await complaints("small", "noteRefClosed", json('{"id":9007199254740993}'))).toEqual(["/id maximum"]);
    expect(await complaints("small", "noteRefClosed", json('{"id":-9007199254740993}'))).toEqual(["/id minimum"]);
    expect(await complaints("small", "noteRefClosed", { id: Number.NaN })).toEqual(["/id type"]);
    expect(await complaints("small", "noteRefClosed", { id: 1.5 })).toEqual(["/id type"]);
    expect(await complaints("combined", "shapeClosed", { kind: "circle", radius: Number.POSITIVE_INFINITY })).toContain(
      "/radius type",
    );
  });

  test("does not accept an inherited property as its own", async () => {
    expect(await complaints("names-and-docs", "personClosed", { name: "Ada" })).toEqual([]);
    expect(await complaints("names-and-docs", "personClosed", { name: "Ada", constructor: 1 })).toEqual([
      "/constructor type",
    ]);
    expect(await complaints("names-and-docs", "personClosed", { name: "Ada", toString: "x" })).toEqual([
      " additionalProperties",
    ]);
  });

  test("is closed over an intersection as a whole, not over each part", async () => {
    const article = { name: "n", tags: [{ text: "t" }], body: "b" };
    expect(await complaints("combined", "articleClosed", article)).toEqual([]);
    expect(await complaints("combined", "articleClosed", { ...article, extra: 1 })).toEqual([" unevaluatedProperties"]);
    expect(await complaints("combined", "articleClosed", { ...article, tags: [{ text: "t", extra: 1 }] })).toContain(
      "/tags/0 additionalProperties",
    );
    const short = { name: "n", at: { x: 1, y: 2 } };
    expect(await complaints("combined", "shortClosed", short)).toEqual([]);
    expect(await complaints("combined", "shortClosed", { ...short, at: { x: 1, y: 2, z: 3 } })).toContain(
      "/at additionalProperties",
    );
  });

  test("is closed in each branch of a union", async () => {
    expect(await complaints("combined", "shapeClosed", { kind: "square", side: 1 })).toEqual([]);
    expect(await complaints("combined", "shapeClosed", { kind: "square", side: 1, radius: 1 })).toContain(
      " additionalProperties",
    );
  });

  test("is closed behind references, in lists, tuples and records", async () => {
    const tree = (extra: object) => ({ value: 1, children: [{ value: 2, children: [], ...extra }] });
    expect(await complaints("recursive", "treeClosed", tree({}))).toEqual([]);
    expect(await complaints("recursive", "treeClosed", tree({ extra: 1 }))).toEqual([
      "/children/0 additionalProperties",
    ]);
    const deep = {
      either: { right: { name: "n" } },
      list: [],
      byKey: {},
      pair: [{ name: "n" }, { tags: [] }],
      maybe: null,
      grid: [],
    };
    expect(await complaints("combined", "deepStoreRequestClosed", deep)).toEqual([]);
    const cases: readonly [object, string][] = [
      [{ byKey: { a: { name: "n", extra: 1 } } }, "/byKey/a additionalProperties"],
      [{ pair: [{ name: "n", extra: 1 }, { tags: [] }] }, "/pair/0 additionalProperties"],
      [{ either: { right: { name: "n", extra: 1 } } }, "/either/right additionalProperties"],
      [{ list: [{ name: "n", extra: 1 }] }, "/list/0 additionalProperties"],
      [{ both: { name: "n", extra: true, more: 1 } }, "/both unevaluatedProperties"],
    ];
    for (const [change, complaint] of cases) {
      expect(await complaints("combined", "deepStoreRequestClosed", { ...deep, ...change })).toContain(complaint);
    }
  });

  test("keeps the additionalProperties that a schema declares itself", async () => {
    const value = { loose: { a: "x", more: 1 }, strict: { a: "x" } };
    expect(await complaints("combined", "looseStoreRequestClosed", value)).toEqual([]);
    const strict = { loose: { a: "x" }, strict: { a: "x", more: 1 } };
    expect(await complaints("combined", "looseStoreRequestClosed", strict)).toEqual(["/strict additionalProperties"]);
  });
});

describe("the errors of a value", () => {
  test("are all of its faults, one for each value", async () => {
    expect(await complaints("small", "noteOpen", { id: "1", text: "" })).toEqual(["/id type", "/text minLength"]);
    const article = { name: 1, tags: [{ text: 1 }, { text: "t" }, {}] };
    expect(await complaints("combined", "articleOpen", article)).toEqual([
      "/name type",
      "/tags/0/text type",
      "/tags/2 required",
      " required",
    ]);
  });

  test("of an array or a record of a million faults are a few", async () => {
    const million = Array.from({ length: 1_000_000 }, () => 5);
    const deep = (list: unknown, byKey: unknown) => ({
      ...{ either: null, list, byKey, pair: [{ name: "n" }, { tags: [] }], maybe: null, grid: [] },
    });
    const invalid = await complaints("combined", "deepStoreRequestClosed", deep(million, {}));
    expect(invalid.length).toBeLessThan(50);
    const keys = Object.fromEntries(million.slice(0, 10_000).map((value, index) => [`k${index}`, value]));
    expect((await complaints("combined", "deepStoreRequestClosed", deep([], keys))).length).toBeLessThan(50);
    expect(
      await complaints("combined", "deepStoreRequestClosed", deep([...million.map(() => ({ name: "n" }))], {})),
    ).toEqual([]);
  });

  test("of a union are about the member that its tag selects", async () => {
    for (const validator of ["shapeClosed", "shapeStoreResponseOpen"]) {
      expect(await complaints("combined", validator, { kind: "square", side: "1" })).toEqual(["/side type"]);
      expect(await complaints("combined", validator, { kind: "hexagon", edge: "1" })).toEqual(["/edge type"]);
      expect(await complaints("combined", validator, { kind: "circle" })).toEqual([" required"]);
      expect(await complaints("combined", validator, { side: 1 })).toEqual([" required"]);
      expect(await complaints("combined", validator, [])).toEqual([" type"]);
      expect(await complaints("combined", validator, { kind: "triangle" })).toEqual(["/kind enum"]);
    }
    const { shapeClosed } = await validatorsOf("combined");
    shapeClosed?.({ kind: "triangle" });
    expect(shapeClosed?.errors?.[0]?.params).toEqual({ allowedValues: ["circle", "square", "pentagon", "hexagon"] });
  });

  test("of a union are about the member that its type selects", async () => {
    expect(await complaints("combined", "shapeStoreResponseOpen", null)).toEqual([]);
    expect(await complaints("combined", "shapeStoreResponseOpen", { kind: "square", side: 0 })).toEqual([
      "/side exclusiveMinimum",
    ]);
    expect(await complaints("combined", "shapeStoreResponseOpen", "x")).toEqual([" type"]);
  });

  test("of a text that is too long leave out its pattern, which may be slow", async () => {
    const { everythingClosed } = await validatorsOf("shapes");
    everythingClosed?.({ code: "x".repeat(100_000) });
    const about = (everythingClosed?.errors ?? []).filter(({ instancePath }) => instancePath === "/code");
    expect(about).toHaveLength(1);
  });
});

describe("a response", () => {
  test("may have properties that the client does not know yet", async () => {
    const note = { id: 1, text: "x" };
    expect(await complaints("small", "noteOpen", { ...note, later: true })).toEqual([]);
    expect(await complaints("small", "notesGetResponseOpen", [{ ...note, later: true }])).toEqual([]);
    expect(
      await complaints("combined", "articleOpen", { name: "n", tags: [{ text: "t", a: 1 }], body: "b", c: 1 }),
    ).toEqual([]);
    expect(await complaints("small", "noteGetNotFoundOpen", { id: 1, later: true })).toEqual([]);
  });

  test("is rejected if it has a nested wrong type or a missing property", async () => {
    expect(
      await complaints("small", "notesGetResponseOpen", [
        { id: 1, text: "x" },
        { id: 2, text: 5 },
      ]),
    ).toEqual(["/1/text type"]);
    expect(await complaints("small", "noteOpen", { id: 1 })).toEqual([" required"]);
    expect(await complaints("small", "noteOpen", { id: 1, text: "" })).toEqual(["/text minLength"]);
    expect(await complaints("recursive", "jsonOpen", { a: [1, "x", null, { b: [true] }] })).toEqual([]);
    expect(await complaints("recursive", "jsonOpen", { a: [undefined] })).not.toEqual([]);
  });

  test("stays closed if its schema declares it closed", async () => {
    expect(await complaints("combined", "strictOpen", { a: "x", more: 1 })).toEqual([" additionalProperties"]);
  });
});

test("records accept any key, tuples their exact length, enums and formats their values", async () => {
  const everything = {
    any: 1,
    unknown: null,
    nothing: null,
    empty: {},
    anything: { other: 1 },
    flag: true,
    count: 0,
    ratio: 0.5,
    unique: ["a", "b"],
    matrix: [[1]],
    nullable: null,
    answer: 42,
    yes: true,
    mixed: 7,
    level: "low",
    levels: [0],
    direction: '"quoted"',
    longUnion: "a rather long literal to fill the line",
    point: [1, 2],
    triple: ["a", [1, 2], { z: 3 }],
    scores: { "any key\nat all": 1 },
    deepScores: { a: { b: { n: 1 } } },
    byDirection: { up: [0, 0], down: [0, 0] },
    byId: { "17": "x" },
    code: "code-5",
    formats: {
      date: "2026-01-31",
      at: "2026-01-31T12:00:00Z",
      id: "123e4567-e89b-12d3-a456-426614174000",
      mail: "ada@example.org",
      link: "https://example.org/",
      v4: "192.0.2.1",
    },
  };
  expect(await complaints("shapes", "everythingClosed", everything)).toEqual([]);
  const cases: readonly [object, string][] = [
    [{ empty: { a: 1 } }, "/empty additionalProperties"],
    [{ unique: ["a", "a"] }, "/unique uniqueItems"],
    [{ unique: ["😀😀😀😀😀"] }, ""],
    [{ unique: ["😀😀😀😀😀😀"] }, "/unique/0 maxLength"],
    [{ level: "middle" }, "/level enum"],
    [{ point: [1, 2, 3] }, "/point additionalItems"],
    [{ point: [1] }, "/point minItems"],
    [{ scores: { "any key\nat all": "x" } }, "/scores/any key\nat all type"],
    [{ byId: { x: "y" } }, "/byId additionalProperties"],
    [{ formats: { ...everything.formats, at: "yesterday" } }, "/formats/at format"],
    [{ mixed: 2 ** 53 }, "/mixed maximum"],
    [{ deepScores: { a: { b: { n: 1, m: 2 } } } }, "/deepScores/a/b additionalProperties"],
  ];
  for (const [change, complaint] of cases) {
    expect(await complaints("shapes", "everythingClosed", { ...everything, ...change })).toEqual(
      complaint === "" ? [] : [complaint],
    );
  }
});

test("an item of a request is closed, and an item of a response is open", async () => {
  expect(await complaints("streams", "countUpdateRequestItemClosed", { add: 1 })).toEqual([]);
  expect(await complaints("streams", "countUpdateRequestItemClosed", { add: 1, extra: 2 })).toEqual([
    " additionalProperties",
  ]);
  expect(await complaints("streams", "countGetResponseOpen", { sum: 1, later: 2 })).toEqual([]);
  expect(await complaints("streams", "countGetResponseOpen", { sum: "1" })).toEqual(["/sum type"]);
  const hit = { host: "h", status: 200 };
  expect(await complaints("streams", "hitClosed", { ...hit, later: 1 })).toEqual([" additionalProperties"]);
  expect(await complaints("streams", "hitOpen", { ...hit, later: 1 })).toEqual([]);
});

test("a callback's request is closed where it is served, and its response is open where it is called", async () => {
  expect(await complaints("callbacks", "agentStoreRequestClosed", { command: "ls", extra: 1 })).toEqual([
    " additionalProperties",
  ]);
  expect(await complaints("callbacks", "agentStoreResponseItemOpen", { line: "x", later: 1 })).toEqual([]);
  expect(await complaints("callbacks", "loadOpen", { host: "h" })).toEqual([" required"]);
});
