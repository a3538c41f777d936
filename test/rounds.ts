/** Set by `npm run test:soak`. */
export const IS_FULL = process.env["SSHRPC_TEST_ROUNDS"] === "full";

/** How often a test of kills, cuts, leaks, random input or many calls repeats: `full` times in `npm run test:soak`, ten times in `npm test`. */
export function rounds(full: number): number {
  return IS_FULL ? full : Math.min(full, 10);
}
