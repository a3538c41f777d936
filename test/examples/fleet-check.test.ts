import { expect, test } from "vitest";
import { Workplace } from "./support.js";

test("the fleet check prints the state of each host, and an unreachable host delays no others", async () => {
  await using place = new Workplace();
  // In turn: the first creates the host key of both.
  const one = await place.serve();
  const two = await place.serve();
  const all = await place.run("examples/07-fleet/fleet-check.ts", one.address, two.address);
  expect(all).toMatchObject({ status: 0, stderr: "" });
  for (const { address } of [one, two]) {
    expect(all.stdout).toMatch(new RegExp(`${address} +answers in [\\d.]+ ms, its clock is \\d+ ms (ahead|behind)`));
  }
  await two.kill();
  const some = await place.run("examples/07-fleet/fleet-check.ts", one.address, two.address);
  expect(some.status).toBe(1);
  expect(some.stderr).toContain("1 of 2 hosts did not answer");
  expect(some.stdout).toMatch(new RegExp(`${one.address} +answers in`));
  expect(`${some.stdout}${some.stderr}`).toContain("connection refused");
});

test("the fleet check prints its usage", async () => {
  await using place = new Workplace();
  expect(await place.run("examples/07-fleet/fleet-check.ts")).toMatchObject({
    status: 2,
    stderr: "it takes at least one address\nusage: fleet-check ssh://user@host:port…\n",
  });
});
