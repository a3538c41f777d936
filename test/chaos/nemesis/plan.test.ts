import { expect, test } from "vitest";
import { randomFor } from "../random.js";
import { plan, type Step } from "./plan.js";

const TARGETS = {
  servers: ["server"],
  clients: ["client-1", "client-2"],
  links: ["link-1", "link-2"],
  killsServers: true,
};

function steps(seed: number, count: number): Step[] {
  const all = plan(randomFor(seed, "nemesis"), TARGETS);
  return Array.from({ length: count }, () => all.next().value);
}

test("a seed decides all faults, and another seed decides other ones", () => {
  expect(steps(7, 200)).toEqual(steps(7, 200));
  expect(steps(7, 200)).not.toEqual(steps(8, 200));
});

test("each round of 23 faults has a kill and a stop of a server and of a client, a restart, and cuts of one link and of all", () => {
  for (let seed = 0; seed < 20; seed++) {
    const round = steps(seed, 23).map(({ decision }) =>
      decision.kind === "cut"
        ? `cut ${decision.links.length}`
        : `${decision.kind} ${decision.node.replace(/-\d$/, "")}`,
    );
    expect(new Set(round)).toEqual(
      new Set(["cut 1", "cut 2", "kill server", "restart server", "stop server", "kill client", "stop client"]),
    );
  }
});

test("no fault takes longer than three seconds, or comes later than two after the one before", () => {
  for (const { pause, decision } of steps(1, 500)) {
    expect(pause).toBeLessThan(2000);
    if (decision.kind === "stop") expect(decision.ms).toBeLessThan(3000);
    if (decision.kind === "kill") expect(decision.down).toBeLessThan(3000);
    if (decision.kind === "cut" && decision.cut.how === "mute") expect(decision.cut.ms).toBeLessThanOrEqual(3000);
  }
});
