/** Whether this is a run of `npm run test:soak`. */
export const SOAK = process.env["SSHRPC_TEST_ROUNDS"] === "full";

/** How often a test of kills, cuts, leaks, random input or many calls repeats: `full` times in `npm run test:soak`, ten times in `npm test`. */
export function rounds(full: number): number {
  return SOAK ? full : Math.min(full, 10);
}
