import { afterAll, expect } from "vitest";

/** Warnings that are expected, by name, each with its reason. */
const EXPECTED: ReadonlySet<string> = new Set();

const warnings: string[] = [];
const collect = (warning: Error): void => {
  if (!EXPECTED.has(warning.name)) warnings.push(warning.stack ?? `${warning}`);
};
process.on("warning", collect);

// A warning such as MaxListenersExceededWarning is printed once, between the results of other files: it fails its test file instead.
afterAll(() => {
  process.off("warning", collect);
  expect(warnings, "process warnings").toEqual([]);
});
