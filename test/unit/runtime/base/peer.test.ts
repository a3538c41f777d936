import { expect, test } from "vitest";
import { grants } from "../../../../runtime/src/base/peer.js";

test.each([
  [["notes:read"], "notes:read", true],
  [["notes:read"], "notes:write", false],
  [["notes:read"], "notes:readers", false],
  [["notes:*"], "notes:read", true],
  [["notes:*"], "notes", false],
  [["*"], "anything", true],
  [["*:read"], "notes:read", false],
  [["a", "notes:*"], "notes:x:y", true],
  [[], "notes:read", false],
  [[""], "notes:read", false],
])("the scopes %j cover %s: %s", (granted, scope, covered) => {
  expect(grants(granted, scope)).toBe(covered);
});
