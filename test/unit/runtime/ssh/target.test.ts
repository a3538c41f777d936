import { userInfo } from "node:os";
import { expect, it } from "vitest";
import { formatTarget, parseAddress, toTarget } from "../../../../runtime/src/ssh/target.js";

const me = userInfo().username;

it.each([
  ["ssh://alice@edge:8022", "alice", "edge", 8022],
  ["SSH://alice@edge:8022/", "alice", "edge", 8022],
  ["alice@edge:8022", "alice", "edge", 8022],
  ["edge", me, "edge", 22],
  ["ssh://edge", me, "edge", 22],
  ["[::1]:8022", me, "::1", 8022],
  ["::1", me, "::1", 22],
  ["ssh://alice@[fe80::1%eth0]:1", "alice", "fe80::1%eth0", 1],
  ["ssh://alice@[fe80::1%25eth0]:1", "alice", "fe80::1%eth0", 1],
  ["[fe80::1%25lo]", me, "fe80::1%lo", 22],
  ["ssh://al%40ice@edge", "al@ice", "edge", 22],
  ["alice@example.com@edge", "alice@example.com", "edge", 22],
  ["bücher.example", me, "bücher.example", 22],
])("parses %s", (text, user, host, port) => {
  expect(toTarget(parseAddress(text))).toEqual({ user, host, port });
});

it.each([
  ["", /the host is missing/],
  ["ssh://", /the host is missing/],
  ["alice@", /the host is missing/],
  ["alice@:8022", /the host is missing/],
  ["@edge", /invalid user name/],
  ["edge:0", /the port must be a number from 1 to 65535/],
  ["edge:65536", /the port must be/],
  ["edge:", /the port must be/],
  ["edge:08022", /the port must be/],
  ["010.0.0.1", /neither a name nor an address/],
  ["10.0.0.256:22", /neither a name nor an address/],
  ["edge:22x", /the port must be/],
  ["http://edge", /the scheme must be ssh:/],
  ["ssh://edge/path", /the host is neither/],
  ["[edge]:22", /neither a name nor an address/],
  ["-oProxyCommand=x", /neither a name nor an address/],
  ["-l@edge", /invalid user name/],
  ["ed ge", /neither a name nor an address/],
  ["edge\n", /neither a name nor an address/],
  ["ssh://%zz@edge", /invalid percent-encoding in the user name/],
])("rejects %j in one line", (text, reason) => {
  const parse = () => parseAddress(text);
  expect(parse).toThrow(reason);
  expect(parse).toThrow(/^[^\n]*$/);
  expect(parse).toThrow(expect.objectContaining({ kind: "bad-request" }));
});

it("rejects a password in an address without quoting it", () => {
  expect(() => parseAddress("ssh://alice:secret@edge")).toThrow(/password/);
  expect(() => parseAddress("ssh://alice:secret@edge")).not.toThrow(/secret/);
});

it("rejects another scheme by its name, without quoting a password", () => {
  expect(() => parseAddress("http://alice:secret@edge:8022")).toThrow(
    /^invalid address "http:\/\/…": the scheme must be ssh:\/\/ or absent; write an address such as /,
  );
});

it("formats a target as an address that parses to the same target", () => {
  for (const text of ["ssh://alice@edge:8022", "ssh://alice@[::1]:22", "ssh://al%40ice@edge:22"]) {
    expect(formatTarget(toTarget(parseAddress(text)))).toBe(text);
  }
});
