import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until, within } from "../unit/runtime/support/wait.js";
import { type ExampleServer, Workplace } from "./support.js";

let place: Workplace;
let server: ExampleServer;

beforeAll(async () => {
  place = new Workplace();
  server = await place.serve();
});

afterAll(() => place[Symbol.asyncDispose]());

async function loads(): Promise<readonly { host: string; load: number }[]> {
  await using client = await place.connect(server);
  const answers: { host: string; load: number }[] = [];
  for await (const answer of client.fleet.get()) answers.push(answer);
  return answers;
}

/** Polls until this many agents answer. */
async function only(count: number): Promise<void> {
  while ((await loads()).length !== count) await sleep(50);
}

test("the server calls back agents that dialed out, and omits those that have disconnected", async () => {
  expect(await loads()).toEqual([]);
  const agents = [
    await place.start("examples/06-agent/agent.ts", server.address),
    await place.start("examples/06-agent/agent.ts", server.address),
  ];
  await Promise.all(agents.map((agent) => until("the agent is connected", () => agent.stdout.includes("connected"))));
  expect(await loads()).toEqual(Array(2).fill({ host: hostname(), load: expect.any(Number) }));
  agents[0]?.process.kill("SIGKILL");
  await within("the end of the agent", agents[0]?.status ?? Promise.resolve(null));
  await within("one agent is left", only(1));
});

test("the agent prints its usage when its argument is missing", async () => {
  const agent = await place.start("examples/06-agent/agent.ts");
  expect(await agent.status).toBe(2);
  expect(agent.stderr).toContain("usage: agent ssh://user@host:port");
});
