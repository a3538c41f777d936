import { expect, it } from "vitest";
import { RateLimitedLog } from "../../../../../runtime/src/ssh/admission/rate-limited-log.js";
import { TestLog } from "../support.js";

it("writes the first lines of a period, then the number of the omitted ones", () => {
  const log = new TestLog();
  const limited = new RateLimitedLog(log);
  for (let index = 0; index < 1000; index++) limited.warn({ index }, "refused", index);
  expect(log.with("refused")).toHaveLength(20);
  limited.warn({}, "refused", 10_000);
  expect(log.lines.at(-2)).toMatchObject({ message: "more connections refused", fields: { omitted: 980 } });
  expect(log.lines.at(-1)?.message).toBe("refused");
  limited.flush();
  expect(log.lines).toHaveLength(22);
});
