import { expect, it } from "vitest";
import { logObserver } from "../../../../../runtime/src/observe/log-observer.js";
import { RefusalReports } from "../../../../../runtime/src/ssh/admission/refusal-reports.js";
import { TestLog } from "../support.js";

it("reports the first refusals of a period, then the number of the omitted ones", () => {
  const log = new TestLog();
  const reports = new RefusalReports(logObserver(log));
  const refusal = { address: "192.0.2.7:1", reason: "full" };
  for (let index = 0; index < 1000; index++) reports.add(refusal, index);
  expect(log.with("connection refused")).toHaveLength(20);
  expect(log.lines[0]).toEqual({ level: "warn", message: "connection refused", fields: refusal });
  reports.add(refusal, 10_000);
  expect(log.lines.at(-2)).toEqual({ level: "warn", message: "more connections refused", fields: { omitted: 980 } });
  expect(log.lines.at(-1)?.message).toBe("connection refused");
  reports.flush();
  expect(log.lines).toHaveLength(22);
});
