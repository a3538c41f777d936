import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const CASES = fileURLToPath(new URL("cases", import.meta.url));

test("the project's formatter and linter change nothing in generated code", () => {
  // The repository's configuration excludes the golden cases, so a copy elsewhere is checked by the same rules.
  const folder = mkdtempSync(join(tmpdir(), "sshrpc-formatted-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { formatter, linter } = JSON.parse(readFileSync(join(REPOSITORY, "biome.json"), "utf8"));
  writeFileSync(join(folder, "biome.json"), JSON.stringify({ root: true, formatter, linter }));
  const names = readdirSync(CASES);
  for (const name of names) cpSync(join(CASES, name, "generated"), join(folder, name), { recursive: true });
  const biome = join(REPOSITORY, "node_modules", "@biomejs", "biome", "bin", "biome");
  const options = { cwd: folder, encoding: "utf8", timeout: 45_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [biome, "check", ...names], options);
  expect(stderr).toBe("");
  expect(stdout).toContain(`Checked ${names.length * 13} files`);
  expect(status).toBe(0);
});
