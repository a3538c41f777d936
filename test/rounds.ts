/** Set by `npm run test:soak`. */
export const IS_FULL = process.env["SSHRPC_TEST_ROUNDS"] === "full";

/**
 * How often a test of kills, cuts, leaks, random input or many calls repeats: `full` times in `npm run test:soak`.
 * @param short the times in `npm test`. Default: ten; fewer where a round starts processes
 */
export function rounds(full: number, short = 10): number {
  return IS_FULL ? full : Math.min(full, short);
}
