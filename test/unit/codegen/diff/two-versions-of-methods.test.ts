import { pathToFileURL } from "node:url";
import { generate } from "@sshrpc/codegen";
import { diffContracts } from "@sshrpc/codegen/diff";
import type { Contract } from "sshrpc/contract";
import { type Api, bindHandlers, type Client, connectApi } from "sshrpc/generated";
import { inMemory } from "sshrpc/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sharedProject } from "../project.js";

interface Version {
  readonly api: Api;
  readonly contract: Contract;
}

/** Each resource changes in one way: the rule, its declarations, and what becomes of a call of an old client. */
const ROWS = [
  { name: "gone", rule: "method-removed", old: "GET: M", new: undefined, outcome: "UNIMPLEMENTED" },
  { name: "verb", rule: "method-removed", old: "GET: M, STORE: N", new: "STORE: N", outcome: "METHOD_NOT_ALLOWED" },
  { name: "moved", rule: "path-changed", old: "GET: M", new: 'path: "/elsewhere", GET: M', outcome: "UNIMPLEMENTED" },
  { name: "scope", rule: "scope-added", old: "GET: M", new: 'GET: { ...M, scope: "a:b" }', outcome: "FORBIDDEN" },
  {
    name: "swap",
    rule: "scope-changed",
    old: 'GET: { ...M, scope: "held:a" }',
    new: 'GET: { ...M, scope: "a:b" }',
    outcome: "FORBIDDEN",
  },
  {
    name: "kind",
    rule: "kind-changed",
    old: "GET: M",
    new: "GET: { ...M, responseStream: I }",
    outcome: "INTERNAL",
  },
  {
    name: "error",
    rule: "error-status-added",
    old: "GET: M",
    new: "GET: { ...M, errors: { CONFLICT: I } }",
    outcome: "CONFLICT",
  },
  { name: "added", rule: "method-added", old: "GET: M", new: "GET: M, STORE: N", outcome: "OK" },
  { name: "free", rule: "scope-removed", old: 'GET: { ...M, scope: "a:b" }', new: "GET: M", outcome: "OK" },
  {
    name: "retry",
    rule: "idempotency-gained",
    old: "GET: { ...M, idempotent: false }",
    new: "GET: M",
    outcome: "OK",
  },
  {
    name: "slow",
    rule: "timeout-raised",
    old: "GET: { ...M, timeout: 1000 }",
    new: "GET: { ...M, timeout: 5000 }",
    outcome: "OK",
  },
] as const;

const project = sharedProject();
let old: Version;
let next: Version;

beforeAll(async () => {
  old = await build("old");
  next = await build("new");
}, 120_000);
afterAll(() => project.dispose());

async function build(side: "old" | "new"): Promise<Version> {
  const resources = ROWS.flatMap(({ name, [side]: text }) => (text === undefined ? [] : [`${name}: { ${text} }`]));
  project.write(
    `${side}/schema/api.ts`,
    `import Type from "typebox";
import { defineApi } from "sshrpc/schema";
const I = Type.Integer();
const M = { request: Type.Object({}), response: I };
const N = { request: Type.Object({ n: I }), response: I };
export default defineApi({ name: "rows", version: "${side === "old" ? 1 : 2}.0.0", resources: { ${resources.join(", ")} } });
`,
  );
  await generate({ cwd: `${project.folder}/${side}` });
  const url = pathToFileURL(`${project.folder}/${side}/generated/`).href;
  const { api } = (await import(/* @vite-ignore */ `${url}api.js`)) as { api: Api };
  const { contract } = (await import(/* @vite-ignore */ `${url}contract.js`)) as { contract: Contract };
  return { api, contract };
}

test.each(ROWS)("$rule of $name: an old client at a new server", async ({ name, rule, outcome }) => {
  const changes = diffContracts(
    { contract: old.contract, complete: true },
    { contract: next.contract, complete: true },
  );
  const change = changes.find((one) => one.rule === rule && `${one.method} `.includes(`/${name} `));
  expect(change?.verdict).toBe(outcome === "OK" ? "compatible" : "breaking");
  expect(await outcomeOf(name)).toBe(outcome);
});

/** The status of a call of an old client that holds one scope. */
async function outcomeOf(name: string): Promise<string> {
  const names = new Set(next.api.methods.map(({ resource }) => resource));
  const handlers = [...names].map((one) => [one, { get: handlerOf(one), store: () => 1 }]);
  await using host = inMemory(bindHandlers(next.api, Object.fromEntries(handlers)), { peer: { scopes: ["held:a"] } });
  await using client = (await connectApi(old.api, host)) as Client &
    Readonly<Record<string, { get: () => Promise<unknown> }>>;
  try {
    await client[name]?.get();
    return "OK";
  } catch (error) {
    return (error as { readonly status: string }).status;
  }
}

function handlerOf(
  name: string,
): (request: unknown, ctx: { fail(status: string, details: unknown): unknown }) => unknown {
  return (_request, ctx) => (name === "error" ? ctx.fail("CONFLICT", 1) : 1);
}
