import { setTimeout as delay } from "node:timers/promises";

/** Milliseconds that files must have been left alone before they count as written; how often that is asked at most. */
const SETTLED = 50;
const MAX_ROUNDS = 10;

/**
 * Waits until a save of several steps is over: in between, a file may be empty, or end early.
 * @param version gives another text when the files have changed; what it throws is thrown
 */
export async function settled(version: () => Promise<string>): Promise<void> {
  let before = "";
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const now = await version();
    if (now === before) return;
    before = now;
    await delay(SETTLED);
  }
}
