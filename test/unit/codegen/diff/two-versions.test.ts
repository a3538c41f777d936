import { type Change, diffContracts } from "@sshrpc/codegen/diff";
import { type ApiHandlers, bindHandlers, type Client, connectApi } from "sshrpc/generated";
import { inMemory } from "sshrpc/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomFrom, sampleValue } from "../../../support/schema/sample-value.js";
import { sharedProject } from "../project.js";
import { ROWS } from "./rows.js";
import { buildVersion, type Version } from "./versions.js";

type Call = (request: unknown) => Promise<unknown>;
type Methods = Readonly<Record<string, { readonly store: Call; readonly get: Call }>>;

/** The rows in both directions, so that each change is tested with its change back. */
const CASES = ROWS.flatMap((row, index) => [
  { title: [row.rule, row.what].filter(Boolean).join(": "), name: `r${index}`, back: false },
  { title: [row.rule, row.what, "back"].filter(Boolean).join(": "), name: `r${index}`, back: true },
]);

const project = sharedProject();
let versions: { readonly old: Version; readonly new: Version };
let changes: { readonly forward: readonly Change[]; readonly back: readonly Change[] };

beforeAll(async () => {
  versions = {
    old: await buildVersion(project, "old", { members: members("old") }),
    new: await buildVersion(project, "new", { members: members("new") }),
  };
  const [old, next] = [versions.old, versions.new].map(({ contract }) => ({ contract, complete: true }));
  if (old && next) changes = { forward: diffContracts(old, next), back: diffContracts(next, old) };
}, 120_000);
afterAll(() => project.dispose());

function members(side: "old" | "new"): string {
  const resources = ROWS.map(
    (row, index) =>
      `r${index}: { STORE: { request: ${row[side]}, response: Type.Null() }, GET: { response: ${row[side]} } }`,
  );
  return `resources: {\n${resources.join(",\n")}\n}`;
}

interface Between {
  readonly client: Version;
  readonly server: Version;
  readonly name: string;
}

/** Sends a value in one direction between two versions. @returns the status of the call */
async function send({ client: { api }, server, name }: Between, direction: string, value: unknown): Promise<string> {
  const names = new Set(server.api.methods.map(({ resource }) => resource));
  const handlers = [...names].map((one) => [one, { store: async () => null, get: async () => value }]);
  const bound: ApiHandlers = bindHandlers(server.api, Object.fromEntries(handlers));
  await using host = inMemory(bound);
  await using client = (await connectApi(api, host)) as Client & Methods;
  const methods = client[name];
  return (await outcomeOf(direction === "request" ? methods?.store(value) : methods?.get({}))) ?? "OK";
}

async function outcomeOf(call: Promise<unknown> | undefined): Promise<string | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    return (error as { readonly status: string }).status;
  }
}

/** A few values of a type of one version. */
function valuesOf({ api, contract }: Version, name: string): readonly unknown[] {
  const method = api.methods.find(({ id }) => id === `STORE /${name}`);
  const random = randomFrom(1);
  const type = contract.resources[name]?.methods.STORE?.request;
  const values = Array.from({ length: 60 }, () => sampleValue(type, { random, noise: 0 }));
  const samples = ["abc", "12", "2020-01-02", "a@example.com", 2, 3, 6, null, [1], [1, 2], { a: 1 }, { a: 1, b: 2 }];
  return [...values, ...samples].filter((value) => method?.request(value) === true).slice(0, 8);
}

describe("an old client and a new server behave as the diff says", () => {
  test.each(CASES)("$title", async ({ name, back }) => {
    const [client, server] = back ? [versions.new, versions.old] : [versions.old, versions.new];
    const between = { client, server, name };
    for (const [direction, id] of [
      ["request", `STORE /${name}`],
      ["response", `GET /${name}`],
    ] as const) {
      const all = back ? changes.back : changes.forward;
      const own = all.filter((change) => change.method === id && change.direction === direction);
      expect(own.map(({ verdict }) => verdict)).not.toContain("unknown");
      const breaking = own.filter(({ verdict }) => verdict === "breaking");
      for (const change of breaking) expect(await behavior(between, change)).toEqual(expectedOf(change));
      // The values that are not refused, of a change that breaks nothing.
      const values = breaking.length > 0 ? [] : valuesOf(direction === "request" ? client : server, name);
      expect(values.length > 0).toBe(breaking.length === 0);
      for (const value of values) expect([value, await send(between, direction, value)]).toEqual([value, "OK"]);
    }
  });
});

/** What happens to the witness. */
async function behavior(between: Between, { direction, witness }: Change): Promise<string> {
  return witness !== undefined && "value" in witness ? send(between, direction, witness.value) : "no value";
}

/** The server refuses a request, the client a response; neither notices a new meaning. */
function expectedOf({ direction, witness }: Change): string {
  if (witness === undefined || !("value" in witness) || witness.refusal === undefined) return "OK";
  return direction === "request" ? "BAD_REQUEST" : "INTERNAL";
}
