import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { IS_FULL } from "../../rounds.js";
import { type Bench, startBench } from "../../unit/runtime/ssh/support.js";
import { until } from "../../unit/runtime/support/wait.js";

/** Checks of one source: far more than penalties permit. */
const CHECKS = IS_FULL ? 10_000 : 1000;

/** Opens the port and closes it at once, as a load balancer that checks it. */
function probe(bench: Bench, source: string): Promise<"greeted" | "closed"> {
  const socket = connect({ port: bench.listener.port, host: "127.0.0.1", localAddress: source });
  return new Promise((resolve) => {
    socket.on("error", () => resolve("closed")).once("close", () => resolve("closed"));
    socket.once("data", () => {
      resolve("greeted");
      socket.destroy();
    });
  });
}

async function probeOften(bench: Bench, source: string, count: number): Promise<{ greeted: number; closed: number }> {
  const results = { greeted: 0, closed: 0 };
  let left = count;
  const one = async (): Promise<void> => {
    for (; left > 0; ) {
      left--;
      results[await probe(bench, source)]++;
    }
  };
  await Promise.all(Array.from({ length: 20 }, one));
  await until("the end of all", () => bench.listener.connections === 0);
  return results;
}

/** The lines of the log at its usual level. */
const lines = ({ log }: Bench): number => log.lines.filter(({ level }) => level !== "debug").length;

describe("a load balancer that only opens the port", () => {
  test(`is not blocked after ${CHECKS} checks if it is one of exemptSources, and the log stays short`, async () => {
    const bench = await startBench({ exemptSources: ["127.0.0.2/32"] });
    expect(await probeOften(bench, "127.0.0.2", CHECKS)).toEqual({ greeted: CHECKS, closed: 0 });
    expect(bench.log.with("connection from a new address")).toHaveLength(1);
    expect(lines(bench)).toBeLessThan(20);
    const duplex = await bench.dial();
    expect(duplex.destroyed).toBe(false);
  }, 60_000);

  test("is blocked for a time if it is not listed, alone, with 20 lines in ten seconds", async () => {
    const bench = await startBench({ exemptSources: [] });
    const { greeted, closed } = await probeOften(bench, "127.0.0.3", 500);
    expect(greeted).toBeLessThan(100);
    expect(closed).toBeGreaterThan(400);
    expect(lines(bench)).toBeLessThan(30);
    expect(await probe(bench, "127.0.0.4")).toBe("greeted");
  });
});
