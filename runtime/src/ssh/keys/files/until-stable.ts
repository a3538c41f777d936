import { setTimeout as delay } from "node:timers/promises";

/** Files are stable after this time in ms without a change; and the maximum number of checks. */
const INTERVAL = 50;
const MAX_CHECKS = 10;

/**
 * Waits until files stop changing: during a save in several steps, a file may be empty or truncated.
 * @param version returns another text after each change; its errors are thrown
 */
export async function untilStable(version: () => Promise<string>): Promise<void> {
  let before = "";
  for (let check = 0; check < MAX_CHECKS; check++) {
    const now = await version();
    if (now === before) return;
    before = now;
    await delay(INTERVAL);
  }
}
