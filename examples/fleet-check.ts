import { Listr } from "listr2";
import { connect } from "../generated/client.js";
import { runProgram, UsageError } from "./lib/run-program.js";

/** Hosts that are asked at the same time. */
const AT_ONCE = 32;

/** Milliseconds that a host has to answer. */
const PATIENCE = 10_000;

/**
 * Asks several servers at once how they are, and shows a table that fills as they answer:
 * `jiti examples/fleet-check.ts ssh://alice@web1:8022 ssh://alice@web2:8022`. One that does not answer holds up no other; the
 * exit status is 1 if there was one.
 */
await runProgram("fleet-check ssh://user@host:port…", undefined, async (addresses, signal) => {
  if (addresses.length === 0) throw new UsageError("it takes at least one address");
  const width = Math.max(...addresses.map((address) => address.length));
  const table = new Listr(
    addresses.map((address) => ({
      title: address,
      task: (_, row) => {
        const show = (text: string): void => {
          row.title = `${address.padEnd(width)}  ${text}`;
        };
        return check(address, show, signal);
      },
    })),
    { concurrent: AT_ONCE, exitOnError: false, collectErrors: "minimal", fallbackRenderer: "simple" },
  );
  await table.run();
  signal.throwIfAborted();
  if (table.errors.length > 0) throw new Error(`${table.errors.length} of ${addresses.length} hosts did not answer`);
});

async function check(address: string, show: (text: string) => void, signal: AbortSignal): Promise<void> {
  show("connecting");
  await using client = await connect(address, { signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]) });
  show("asking");
  const start = performance.now();
  const { epochMs } = await client.time.get({}, { signal, timeout: PATIENCE });
  const ms = performance.now() - start;
  const skew = Math.round(epochMs + ms / 2 - Date.now());
  show(`answers in ${ms.toFixed(1)} ms, its clock is ${Math.abs(skew)} ms ${skew < 0 ? "behind" : "ahead"}`);
}
