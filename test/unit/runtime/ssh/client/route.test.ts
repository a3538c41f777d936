import { expect, it } from "vitest";
import { planRoute } from "../../../../../runtime/src/ssh/client/route.js";
import { parseAddress } from "../../../../../runtime/src/ssh/target.js";

it("allows at most eight hosts on a route", async () => {
  const edge = parseAddress("alice@edge");
  const over = (count: number) => {
    const jump = Array.from({ length: count }, (_, index) => `alice@jump${index}`);
    return planRoute(edge, { jump, sshConfig: false });
  };
  expect((await over(7)).map(({ target }) => target.host)).toEqual([
    ...["jump0", "jump1", "jump2", "jump3", "jump4", "jump5", "jump6"],
    "edge",
  ]);
  await expect(over(8)).rejects.toThrow("the route to edge has more than 8 hosts: does ProxyJump form a loop?");
});
