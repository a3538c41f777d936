import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generate } from "@sshrpc/codegen";
import { describe, expect, onTestFinished, test } from "vitest";

/** Set to 1 to update the expected output: `UPDATE_GOLDEN=1 npx vitest run test/golden`. */
const UPDATE = process.env["UPDATE_GOLDEN"] === "1";

const CASES = fileURLToPath(new URL("cases", import.meta.url));

describe.each(readdirSync(CASES))("the golden case %s", (name) => {
  const folder = join(CASES, name);
  const expected = join(folder, "generated");

  test("generates exactly the committed files", async () => {
    const out = mkdtempSync(join(tmpdir(), "sshrpc-golden-"));
    onTestFinished(() => rmSync(out, { recursive: true, force: true }));
    // Maps would change with every line that moves in a schema; test/golden/editor has their tests.
    await generate({ cwd: folder, out, declarationMap: false });
    if (UPDATE) {
      rmSync(expected, { recursive: true, force: true });
      cpSync(out, expected, { recursive: true });
    }
    expect(filesOf(out)).toEqual(filesOf(expected));
  });
});

function filesOf(folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}
