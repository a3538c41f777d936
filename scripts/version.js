// `npm run version`: turns the changesets into the next version. Changesets raises the versions of both packages; this moves the texts
// into CHANGELOG.md, and the version into the constant of the runtime and the lock file. Review the difference, and commit it.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const CHANGESETS = join(ROOT, ".changeset");
const run = (command, ...args) => execFileSync(command, args, { cwd: ROOT, stdio: "inherit" });
const version = () => JSON.parse(readFileSync(join(ROOT, "runtime/package.json"), "utf8")).version;

const texts = readdirSync(CHANGESETS)
  .filter((file) => file.endsWith(".md") && file !== "README.md")
  .map((file) =>
    readFileSync(join(CHANGESETS, file), "utf8")
      .replace(/^---\n.*?\n---\n/s, "")
      .trim(),
  );
if (texts.length === 0) throw new Error('.changeset: no changesets; write one with "npx changeset"');

const before = version();
run("npx", "changeset", "version");
const after = version();
if (after === before) throw new Error(`.changeset: version ${before} did not change; see the output of changeset`);

edit("runtime/src/base/version.ts", `VERSION = "${before}"`, `VERSION = "${after}"`);
const items = texts.map((text) => `- ${text.replaceAll("\n", "\n  ")}\n`).join("");
const today = new Date().toISOString().slice(0, 10);
edit("CHANGELOG.md", "## Unreleased\n", `## Unreleased\n\n## ${after} (${today})\n\n${items}`);
run("npm", "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund");

function edit(file, from, to) {
  const text = readFileSync(join(ROOT, file), "utf8");
  if (!text.includes(from)) throw new Error(`${file}: not found: ${JSON.stringify(from)}; correct scripts/version.js`);
  writeFileSync(
    join(ROOT, file),
    text.replace(from, () => to),
  );
}
