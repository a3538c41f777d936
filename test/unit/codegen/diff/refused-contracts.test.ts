import { diffContracts } from "@sshrpc/codegen/diff";
import type { Contract, ServedContract } from "sshrpc/contract";
import Type from "typebox";
import { expect, test } from "vitest";
import { inMemoryContract } from "../../../support/schema/in-memory-contract.js";

const CONTRACT = inMemoryContract({ a: { GET: { response: Type.Null() } } });

test.each<[object, string]>([
  [{}, "not a contract of sshrpc; use an api.json that `sshrpc gen` has written"],
  [{ ...CONTRACT, sshrpc: 2 }, "unknown version 2 of the contract format; update @sshrpc/codegen"],
  [{ ...CONTRACT, types: { A: { $ref: "#/types/A" } } }, "circular reference A → A"],
  [{ ...CONTRACT, types: { A: { $ref: "#/types/B" } } }, 'reference to an unknown type "B"'],
])("diffContracts refuses what is not a contract, and says which side: %o", (value, message) => {
  const [good, bad] = [CONTRACT, value as Contract].map((contract) => ({ contract, complete: true })) as [
    ServedContract,
    ServedContract,
  ];
  expect(() => diffContracts(bad, good)).toThrow(`the old contract: ${message}`);
  expect(() => diffContracts(good, bad)).toThrow(`the new contract: ${message}`);
});
