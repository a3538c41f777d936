import { Listr } from "listr2";
import { connect } from "../../generated/client.js";
import { runProgram, UsageError } from "../lib/run-program.js";

/** Hosts that are called concurrently. */
const CONCURRENCY = 32;

/** The timeout for one host, in milliseconds. */
const TIMEOUT = 10_000;

/**
 * Checks several servers concurrently, and shows a table that fills as they respond:
 * `jiti examples/07-fleet/fleet-check.ts ssh://alice@web1:8022 ssh://alice@web2:8022`. A server that does not respond delays no other; the
 * exit status is then 1.
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
    { concurrent: CONCURRENCY, exitOnError: false, collectErrors: "minimal", fallbackRenderer: "simple" },
  );
  await table.run();
  signal.throwIfAborted();
  if (table.errors.length > 0) throw new Error(`${table.errors.length} of ${addresses.length} hosts did not answer`);
});

async function check(address: string, show: (text: string) => void, signal: AbortSignal): Promise<void> {
  show("connecting");
  await using client = await connect(address, { signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]) });
  show("calling");
  const start = performance.now();
  const { epochMs } = await client.time.get({}, { signal, timeout: TIMEOUT });
  const ms = performance.now() - start;
  const skew = Math.round(epochMs + ms / 2 - Date.now());
  show(`answers in ${ms.toFixed(1)} ms, its clock is ${Math.abs(skew)} ms ${skew < 0 ? "behind" : "ahead"}`);
}
