import { type Change, diffContracts } from "@sshrpc/codegen/diff";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sharedProject } from "../project.js";
import { type Between, inMemoryBetween, nameOf, overSshBetween, type Peer, type Side } from "./between-versions.js";
import { METHOD_ROWS, type MethodRow } from "./method-rows.js";
import { buildVersion, type Version } from "./versions.js";

const HEAD = `const I = Type.Integer(), F = Type.Number(), R = Type.Object({});
const M = { request: R, response: I };
`;

const project = sharedProject();
let old: Peer & Version;
let next: Peer & Version;
let changes: readonly [forward: readonly Change[], back: readonly Change[]];
/** By client and server. */
let pairs: Readonly<Record<"oldOld" | "oldNew" | "newOld" | "newNew", Between>>;

beforeAll(async () => {
  old = { ...(await buildVersion(project, "old", schemaOf(0))), side: 0 };
  next = { ...(await buildVersion(project, "new", schemaOf(1))), side: 1 };
  const served = ({ contract }: Version) => ({ contract, complete: true });
  changes = [diffContracts(served(old), served(next)), diffContracts(served(next), served(old))];
  pairs = {
    oldOld: await inMemoryBetween(old, old),
    oldNew: await inMemoryBetween(old, next),
    newOld: await inMemoryBetween(next, old),
    newNew: await inMemoryBetween(next, next),
  };
}, 120_000);
afterAll(async () => {
  for (const pair of Object.values(pairs)) await pair[Symbol.asyncDispose]();
  project.dispose();
});

function schemaOf(side: Side): { readonly head: string; readonly members: string } {
  const declared = (isCallback: boolean): string =>
    METHOD_ROWS.flatMap((row) => {
      const body = row.declared[side];
      const isOther = (row.isCallback === true) !== isCallback;
      return body === undefined || isOther ? [] : [`${nameOf(row, side)}: { ${body} }`];
    }).join(",\n");
  return { head: HEAD, members: `resources: {\n${declared(false)}\n}, callbacks: {\n${declared(true)}\n}` };
}

describe.each([
  { who: "an old client at a new server", at: 0 },
  { who: "a new client at an old server", at: 1 },
] as const)("$who", ({ at }) => {
  test.each(METHOD_ROWS)(`$rules.${at} of $name`, async (row) => {
    const own = changesOf(row, at);
    expect(own.map(({ rule }) => rule)).toEqual(row.rules[at]);
    const outcomes = [await pairs.oldNew.outcomeOf(row), await pairs.newOld.outcomeOf(row)];
    expect(outcomes).toEqual(row.outcomes);
    // A call between equal versions shows what the client expects.
    const expected = [await pairs.oldOld.outcomeOf(row), await pairs.newNew.outcomeOf(row)];
    const [mixed, reverse] = [0, 1].map((index) => breaks(row, outcomes[index], expected[index]));
    const verdicts = own.map(({ verdict }) => verdict);
    expect(verdicts).not.toContain("unknown");
    if (row.commands === undefined) expect(verdicts.includes("breaking")).toBe(at === 0 ? mixed : reverse);
    for (const { order } of own) {
      // The order to roll out is one in which no client calls a server that breaks it.
      const met = { "server first": [mixed, reverse][at], "client first": [reverse, mixed][at], any: mixed || reverse };
      expect(order === "together" ? false : met[order]).toBe(false);
    }
  });
});

/** Whether the client does not get what it expects; a call that is not made, or that now succeeds, breaks nothing. */
function breaks({ isCallback }: MethodRow, outcome = "", expected = ""): boolean {
  // Clients need not serve callbacks, so every server expects this.
  if (isCallback && expected === "" && outcome === "UNIMPLEMENTED") return false;
  const [status, other] = [outcome, expected].map((text) => text.replace(/^OK [\d.]+$/, "OK"));
  return status !== other && status !== "OK" && status !== "";
}

test("over SSH, the same becomes of the calls; commands have the timeout of the server", async () => {
  await using oldNew = await overSshBetween(old, next);
  await using newOld = await overSshBetween(next, old);
  for (const row of METHOD_ROWS.filter(({ work }) => work !== "lossy")) {
    const outcomes = [await oldNew.outcomeOf(row), await newOld.outcomeOf(row)];
    expect([row.name, outcomes]).toEqual([row.name, row.outcomes]);
    if (row.commands === undefined) continue;
    const statuses = [await oldNew.exitStatusOf(`GET /${row.name}`), await newOld.exitStatusOf(`GET /${row.name}`)];
    expect(statuses).toEqual(row.commands);
    expect(changesOf(row, 0).map(({ verdict }) => verdict === "breaking")).toEqual([statuses[0] !== 0]);
  }
});

/** The changes of a row, as the diff of the two versions says. @param at 1 for the change back */
function changesOf(row: MethodRow, at: Side): readonly Change[] {
  const paths = [old, next].flatMap(({ contract }, side) => {
    const resources = { ...contract.resources, ...contract.callbacks };
    return resources[nameOf(row, side as Side)]?.path ?? [];
  });
  return changes[at].filter(({ method }) => paths.includes(method.slice(method.indexOf(" ") + 1)));
}
