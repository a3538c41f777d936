import { type Change, diffContracts, type RuleId, ruleOf } from "@sshrpc/codegen/diff";
import type { Contract } from "sshrpc/contract";
import Type from "typebox";
import { describe, expect, test } from "vitest";
import { inMemoryContract } from "../../../support/schema/in-memory-contract.js";
import { NESTINGS, ROWS } from "./rows.js";

const evaluate = (source: string): unknown => new Function("Type", `return ${source};`)(Type);

/** The type as a request, a response, and the details of an error. */
function contractFor(source: string, key: "resources" | "callbacks" = "resources"): Contract {
  const type = evaluate(source);
  const method = { request: type, response: type, errors: { CONFLICT: type } };
  const other = { b: { GET: { response: Type.Null() } } };
  return key === "resources"
    ? inMemoryContract({ a: { STORE: method } })
    : inMemoryContract(other, { callbacks: { a: { STORE: method } } });
}

function diff(old: Contract, next: Contract): readonly Change[] {
  return diffContracts({ contract: old, complete: true }, { contract: next, complete: true });
}

function shown({ rule, verdict, path, witness, reason }: Change): unknown {
  return { rule, verdict, path, hasWitness: witness !== undefined, reason };
}

describe.each(ROWS.map((row) => ({ row, title: [row.rule, row.what].filter(Boolean).join(": ") })))(
  "$title",
  ({ row }) => {
    test.each(NESTINGS)("$where", ({ wrap, path }) => {
      const [old, next] = [contractFor(wrap(row.old)), contractFor(wrap(row.new))];
      for (const { rule, changes, place } of [
        { rule: row.rule, changes: diff(old, next), place: row.path },
        { rule: ruleOf(row.rule).reverse as RuleId, changes: diff(next, old), place: row.pathBack ?? row.path },
      ]) {
        for (const direction of ["request", "response", "error details"] as const) {
          const expected = ruleOf(rule)[direction === "request" ? "request" : "response"]?.[0];
          const found = changes.filter((change) => change.direction === direction);
          expect(found.map(shown)).toEqual([
            {
              ...{ rule, verdict: expected, reason: undefined, hasWitness: expected === "breaking" },
              path: `${path}${place ?? ""}`,
            },
          ]);
        }
      }
    });
  },
);

test.each(ROWS.map((row) => ({ row, title: [row.rule, row.what].filter(Boolean).join(": ") })))(
  "the roll-out order of $title is the one in which both pairs of versions work",
  ({ row }) => {
    const [old, next] = [contractFor(row.old), contractFor(row.new)];
    const works = (changes: readonly Change[], direction: string): boolean =>
      changes.every((change) => change.direction !== direction || change.verdict !== "breaking");
    for (const [changes, back] of [
      [diff(old, next), diff(next, old)],
      [diff(next, old), diff(old, next)],
    ] as const) {
      for (const direction of ["request", "response"]) {
        // With the server first, old clients meet the new server; with the clients first, new ones meet the old server.
        const [serverFirst, clientFirst] = [works(changes, direction), works(back, direction)];
        const expected = serverFirst
          ? clientFirst
            ? "any"
            : "server first"
          : clientFirst
            ? "client first"
            : "together";
        expect(changes.find((change) => change.direction === direction)?.order).toBe(expected);
      }
    }
  },
);
