// `npm run test:json-schema -- DIR`: the JSON Schema Test Suite (draft 2019-09, mandatory) from a folder.
// https://github.com/json-schema-org/JSON-Schema-Test-Suite
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { generateInMemory } from "../../test/support/schema/in-memory-schema.js";

interface Group {
  readonly description: string;
  readonly schema: unknown;
  readonly tests: readonly { readonly description: string; readonly data: unknown; readonly valid: boolean }[];
}

const [dir = "", ...flags] = process.argv.slice(2);
const folder = [dir, join(dir, "draft2019-09"), join(dir, "tests", "draft2019-09")].find((one) =>
  existsSync(join(one, "additionalProperties.json")),
);
if (dir === "" || folder === undefined) {
  console.error("usage: npm run test:json-schema -- DIR [--refused]; DIR is a checkout of JSON-Schema-Test-Suite");
  process.exit(2);
}

let accepted = 0;
let refused = 0;
let tests = 0;
const wrong: string[] = [];
for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
  for (const group of JSON.parse(readFileSync(join(folder, file), "utf8")) as readonly Group[]) check(file, group);
}
for (const line of wrong) console.log(`wrong verdict: ${line}`);
console.log(`groups: ${accepted} of ${accepted + refused} accepted; tests: ${tests}, wrong verdicts: ${wrong.length}`);
if (wrong.length > 0) process.exitCode = 1;

/** A group that codegen accepts must give the verdicts of the suite; a response is open, as JSON Schema is. */
function check(file: string, { description, schema, tests: cases }: Group): void {
  const where = `${file}: ${description}`;
  const generated = attempt(where, schema);
  if (generated === undefined) return;
  if (!("open" in generated)) {
    refused += 1;
    if (flags.includes("--refused")) console.log(`refused: ${where}: ${generated.map(({ message }) => message)[0]}`);
    return;
  }
  accepted += 1;
  for (const { description: what, data, valid } of cases) {
    tests += 1;
    if (generated.open(data) !== valid) wrong.push(`${where}: ${what}: expected ${valid ? "valid" : "invalid"}`);
  }
}

function attempt(where: string, schema: unknown): ReturnType<typeof generateInMemory> | undefined {
  try {
    return generateInMemory(schema);
  } catch (error) {
    refused += 1;
    wrong.push(`${where}: codegen fails without a position: ${String(error).split("\n")[0]}`);
    return undefined;
  }
}
