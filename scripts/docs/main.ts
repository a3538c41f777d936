// `npm run docs`: writes the tables of docs/*.md and docs/options.json; with --check, fails if one is not current.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { formatDefaults } from "./defaults.js";
import { fillPage, formatReference, readReference } from "./pages.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const DOCS = `${ROOT}docs/`;
const reference = await readReference();
const pages = readdirSync(DOCS).filter((name) => name.endsWith(".md"));
const wanted: readonly (readonly [name: string, text: string])[] = [
  ["docs/options.json", formatReference(reference)],
  ["runtime/src/cli/config/option-defaults.ts", formatDefaults(reference)],
  ...pages.map((name) => [`docs/${name}`, fillPage(readFileSync(DOCS + name, "utf8"), reference)] as const),
];
const stale = wanted.filter(([name, text]) => textOf(name) !== text);

if (process.argv.includes("--check")) {
  for (const [name] of stale) console.error(`${name}: out of date; run "npm run docs"`);
  if (stale.length > 0) process.exitCode = 1;
} else {
  for (const [name, text] of stale) writeFileSync(ROOT + name, text);
  console.log(stale.length === 0 ? "docs: no changes" : `docs: wrote ${stale.map(([name]) => name).join(", ")}`);
}

function textOf(name: string): string | undefined {
  try {
    return readFileSync(ROOT + name, "utf8");
  } catch {
    return undefined;
  }
}
