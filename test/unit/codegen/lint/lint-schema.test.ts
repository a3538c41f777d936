import { lintSchema, RULES, SchemaProblem } from "@sshrpc/codegen/lint";
import { expect, test } from "vitest";
import { Project, schemaOf } from "../project.js";

const SCHEMA = schemaOf(
  `/** A. */\na: { STORE: { request: Type.String(), response: Type.Null(), scope: "a", description: "Adds." } }`,
);

/** The findings of the schema, without their messages. */
async function found(options: Parameters<typeof lintSchema>[0]): Promise<readonly unknown[]> {
  const project = new Project({ "schema/api.ts": SCHEMA });
  const findings = await lintSchema({ cwd: project.folder, ...options });
  return findings.map(({ rule, level, file, path }) => [rule, level, file, path]);
}

const FINDING = ["schema/api.ts", "resources.a.STORE.request"];

test("lintSchema returns the findings with their rules, levels and places", async () => {
  expect(await found({})).toEqual([["unbounded-string", "warn", ...FINDING]]);
  expect(RULES.map(({ id }) => id)).toContain("unbounded-string");
});

test("lintSchema takes levels and accepted findings", async () => {
  expect(await found({ rules: { "unbounded-string": "error" } })).toEqual([["unbounded-string", "error", ...FINDING]]);
  expect(await found({ rules: { "unbounded-string": "off" } })).toEqual([]);
  expect(await found({ ignore: [{ rule: "unbounded-string", path: "resources.a.*", reason: "short" }] })).toEqual([]);
});

test("lintSchema refuses unknown rules and options, and schemas that gen would refuse", async () => {
  await expect(found({ rules: { "unbound-string": "off" } })).rejects.toThrow(
    'options: lint.rules: unknown rule "unbound-string" (did you mean "unbounded-string"?)',
  );
  await expect(found({ level: "off" } as object)).rejects.toThrow('unknown option "level"');
  const project = new Project({ "schema/api.ts": "export default 5;\n" });
  await expect(lintSchema({ cwd: project.folder })).rejects.toThrow(SchemaProblem);
});
