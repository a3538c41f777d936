import { describe, expect, test } from "vitest";
import { Backoff } from "../../../../../runtime/src/client/connection/backoff.js";
import { decideResend, type FailedAttempt } from "../../../../../runtime/src/client/resend/decide-resend.js";

const DELAY = 40;
const LIMITS = { retries: 2, backoff: new Backoff({ minDelay: DELAY, jitter: 0 }) };

const ATTEMPT: FailedAttempt = {
  outcome: "lost",
  idempotent: false,
  mayHaveRun: true,
  ledgerTime: undefined,
  taken: "nothing",
  request: "whole",
  retries: 0,
  open: false,
  retryAfter: 0,
  remaining: Number.POSITIVE_INFINITY,
};

const decide = (attempt: Partial<FailedAttempt>) => decideResend({ ...ATTEMPT, ...attempt }, LIMITS);

const OUTCOMES = ["unsent", "refused", "lost", "unavailable"] as const;
const TAKEN = ["nothing", "an item with a position", "an item without a position"] as const;
const REQUESTS = ["whole", "readable from an offset", "spent"] as const;

/** Every combination of the facts, beside the numbers. */
const COMBINATIONS = OUTCOMES.flatMap((outcome) =>
  TAKEN.flatMap((taken) =>
    REQUESTS.flatMap((request) =>
      [true, false].flatMap((idempotent) =>
        [true, false].flatMap((ranBefore) =>
          [undefined, 1000].flatMap((ledgerTime) =>
            [true, false].map((open) => {
              const mayHaveRun = ranBefore || outcome === "lost" || outcome === "unavailable";
              return { outcome, taken, request, idempotent, mayHaveRun, ledgerTime, open };
            }),
          ),
        ),
      ),
    ),
  ),
);

/** How each combination is sent again, as docs/resume.md and ARCHITECTURE.md say it; the first row that fits decides. */
const TABLE: readonly (readonly [why: string, fits: (attempt: FailedAttempt) => boolean, how: string | undefined])[] = [
  ["the request stream is spent", ({ request }) => request === "spent", undefined],
  ["the consumer has an item without a position", ({ taken }) => taken === "an item without a position", undefined],
  [
    "an idempotent stream with a position goes on behind it",
    ({ taken, idempotent, request }) => taken === "an item with a position" && idempotent && request === "whole",
    "resume",
  ],
  ["no other call goes on in its stream", ({ taken }) => taken === "an item with a position", undefined],
  ["a call that never ran begins anew", ({ mayHaveRun }) => !mayHaveRun, "again"],
  ["an idempotent call begins anew", ({ idempotent }) => idempotent, "again"],
  ["without a ledger the call may have run", ({ ledgerTime }) => ledgerTime === undefined, undefined],
  ["UNAVAILABLE is what the handler ended with", ({ outcome }) => outcome === "unavailable", undefined],
  ["the ledger tells whether the call has run", ({ request }) => request === "whole", "keyed"],
  ["the upload goes on where the server has it", () => true, "upload"],
];

describe("a call that failed", () => {
  test.each(TABLE)("is sent again by the rule: %s", (_, fits, how) => {
    const first = (attempt: FailedAttempt) => TABLE.find(([, matches]) => matches(attempt));
    const attempts = COMBINATIONS.map((facts) => ({ ...ATTEMPT, ...facts }));
    const decided = attempts.filter((attempt) => first(attempt)?.[1] === fits);
    expect(decided.length).toBeGreaterThan(0);
    for (const attempt of decided) expect(decideResend(attempt, LIMITS)?.how, JSON.stringify(attempt)).toBe(how);
  });

  test("is retried at most `retries` times, unless its OPEN was not written", () => {
    expect(decide({ idempotent: true, retries: 1 })).toEqual({ how: "again", delay: 0 });
    expect(decide({ idempotent: true, retries: 2 })).toBeUndefined();
    expect(decide({ outcome: "unsent", mayHaveRun: false, retries: 9 })).toEqual({ how: "again", delay: 0 });
  });

  test("is retried with exponential backoff on a connection that is still open, after the wait that the server asks for", () => {
    const refused = { outcome: "refused", mayHaveRun: false, open: true } as const;
    expect(decide(refused)?.delay).toBe(DELAY);
    expect(decide({ ...refused, retries: 1 })?.delay).toBe(2 * DELAY);
    expect(decide({ ...refused, retryAfter: 100 })?.delay).toBe(100 + DELAY);
  });

  test("is not retried if its deadline, or the time of its ledger, comes before the retry", () => {
    const refused = { outcome: "refused", mayHaveRun: false, open: true } as const;
    expect(decide({ ...refused, remaining: DELAY })).toBeUndefined();
    expect(decide({ ...refused, remaining: DELAY + 1 })?.delay).toBe(DELAY);
    const keyed = { ...refused, mayHaveRun: true, ledgerTime: DELAY };
    expect(decide(keyed)).toBeUndefined();
    expect(decide({ ...keyed, ledgerTime: DELAY + 1 })).toEqual({ how: "keyed", delay: DELAY });
    expect(decide({ ...keyed, idempotent: true })).toEqual({ how: "again", delay: DELAY });
  });
});
