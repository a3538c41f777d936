import { expect, it } from "vitest";
import { formatExpiryTime, parseExpiryTime } from "../../../../../../runtime/src/ssh/keys/format/expiry-time.js";

it.each([
  ["20300102", new Date(2030, 0, 2).getTime()],
  ["203001020304", new Date(2030, 0, 2, 3, 4).getTime()],
  ["20300102030405", new Date(2030, 0, 2, 3, 4, 5).getTime()],
  ["20300102Z", Date.UTC(2030, 0, 2)],
  ["203001020304utc", Date.UTC(2030, 0, 2, 3, 4)],
  ["20300102030405z", Date.UTC(2030, 0, 2, 3, 4, 5)],
  ["20280229Z", Date.UTC(2028, 1, 29)],
])("parses %s", (text, time) => {
  expect(parseExpiryTime(text)).toBe(time);
});

it.each([
  "",
  "2030",
  "2030010",
  "2030-01-02",
  "20300102T0304",
  "20300229",
  "20301301",
  "203001022400",
  "203001020060",
  "00000101Z",
  "19691231Z",
  "20300102+01",
])("rejects %j", (text) => {
  expect(() => parseExpiryTime(text)).toThrow(`invalid time "${text}"; it takes a time such as 20301231`);
});

it("formats what it parses", () => {
  const time = Date.UTC(2030, 0, 2, 3, 4, 5);
  expect(formatExpiryTime(time + 678)).toBe("20300102030405Z");
  expect(parseExpiryTime(formatExpiryTime(time))).toBe(time);
});
