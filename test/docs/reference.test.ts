import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { OPTIONS } from "../../scripts/docs/options.js";
import { fillPage, formatReference, interfacesOf, readReference } from "../../scripts/docs/pages.js";
import { block, PAGES, readPage } from "./pages.js";

const BIN = fileURLToPath(new URL("../../runtime/bin/sshrpc.js", import.meta.url));
const reference = await readReference();
const pages = PAGES.filter((page) => page.startsWith("docs/"));

describe("the tables of docs/", () => {
  test.each(pages)("%s has the defaults and texts of the code; `npm run docs` writes them", (page) => {
    expect(readPage(page)).toBe(fillPage(readPage(page), reference));
  });

  test("are in docs/options.json as data", () => {
    expect(readPage("docs/options.json")).toBe(formatReference(reference));
  });

  test("show every option, and every field of ctx and its peer", () => {
    const shown = new Set(pages.flatMap((page) => interfacesOf(readPage(page))));
    expect(Object.keys(OPTIONS).filter((name) => !shown.has(name))).toEqual([]);
  });

  test("name only flags that sshrpc serve or sshrpc call has", () => {
    const known = reference.commands
      .filter(({ name }) => name === "serve" || name === "call")
      .flatMap(({ flags }) => flags.map(({ name }) => name.replace(/ .*/, "")));
    const named = Object.values(reference.options)
      .flat()
      .flatMap(({ flag }) => flag?.split(", ") ?? []);
    expect(named.filter((flag) => !known.includes(flag))).toEqual([]);
  });
});

describe("docs/commands.md", () => {
  const help = (...command: string[]): string =>
    spawnSync(process.execPath, [BIN, ...command, "--help"], { encoding: "utf8" }).stdout;
  const namesIn = (text: string): string[] =>
    [...(text.split("Commands:\n")[1] ?? "").matchAll(/^ {2}([a-z]\S*)/gm)]
      .map(([, name = ""]) => name)
      .filter((name) => name !== "help");
  const documented = reference.commands.map(({ name }) => name);

  test("has every command that `sshrpc --help` lists", () => {
    const top = namesIn(help()).flatMap((name) =>
      name === "keys" ? namesIn(help("keys")).map((own) => `keys ${own}`) : [name],
    );
    expect(documented.toSorted()).toEqual(top.toSorted());
  });

  test("has the flags and texts that --help prints", () => {
    const flat = (text: string): string => text.replaceAll(/\s+/g, " ");
    const printed = flat(help("serve"));
    const { flags = [] } = reference.commands.find(({ name }) => name === "serve") ?? {};
    expect(flags.length).toBeGreaterThan(10);
    expect(flags.filter(({ name, text }) => !printed.includes(`${name} ${flat(text)}`))).toEqual([]);
  });
});

test("docs/errors.md has every status with its number", async () => {
  const { STATUSES } = await import("../../runtime/src/contract.js");
  const rows = [...readPage("docs/errors.md").matchAll(/^\| `([A-Z_]+)` \| (\d+) \|/gm)];
  expect(Object.fromEntries(rows.map(([, name, code]) => [name, Number(code)]))).toEqual(STATUSES);
});

test("docs/deployment.md has the lines of examples/sshd, which test/interop/stdio.test.ts runs", () => {
  const examples = ["sshd_config", "authorized_keys"].map((name) => readPage(`examples/sshd/${name}`)).join("\n");
  const lines = block("docs/deployment.md", "# /etc/ssh/sshd_config")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  expect(lines).toHaveLength(4);
  expect(lines.map((line) => line.replace("AAAA…", "AAAA")).filter((line) => !examples.includes(line))).toEqual([]);
});

describe.each(PAGES)("%s", (page) => {
  test("links only to headings that exist", () => {
    const links = [...readPage(page).matchAll(/\]\(([^)#\s:]*)#([^)\s]+)\)/g)];
    const dead = links.filter(([, path = "", anchor = ""]) => {
      const target = path === "" ? page : new URL(path, `file:///${page}`).pathname.slice(1);
      return target.endsWith(".md") && !anchorsOf(target).has(anchor);
    });
    expect(dead.map(([link]) => link)).toEqual([]);
  });
});

/** The anchors of a page's headings, as forges make them. */
function anchorsOf(page: string): ReadonlySet<string> {
  return new Set(
    [...readPage(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}
