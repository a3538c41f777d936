import { expect, it } from "vitest";
import { RateLimitedLog } from "../../../../../runtime/src/ssh/admission/rate-limited-log.js";
import { TestLog } from "../support.js";

it("tells everything at first, then only how much it was, and everything again later", () => {
  const log = new TestLog();
  const quiet = new RateLimitedLog(log);
  for (let index = 0; index < 1000; index++) quiet.warn({ index }, "refused", index);
  expect(log.with("refused")).toHaveLength(20);
  quiet.warn({}, "refused", 10_000);
  expect(log.lines.at(-2)).toMatchObject({ message: "more connections were refused", fields: { omitted: 980 } });
  expect(log.lines.at(-1)?.message).toBe("refused");
  quiet.flush();
  expect(log.lines).toHaveLength(22);
});
