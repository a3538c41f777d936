import type { Logger } from "../../base/log.js";
import { FirstTimes } from "../../base/observer/first-times.js";
import type { Observer } from "../../base/observer/observer.js";
import type { DriftPolicy } from "../../contract/drift-policy.js";
import type { Connection } from "../../wire/connection.js";
import type { Drift, DriftCheck } from "./drift-check.js";
import { describeContract } from "./drift-errors.js";

/** Differences that are remembered, so that a connection which is re-established does not report them again. */
const MAX_REMEMBERED = 100;

/** Methods of each kind that a log line names. */
const MAX_SHOWN = 20;

interface DriftWatch {
  readonly check: DriftCheck;
  readonly policy: DriftPolicy;
  readonly observer: Pick<Observer, "contractDrift">;
  readonly log: Pick<Logger, "warn">;
}

/**
 * Compares the contract of a client with that of the server at the other end of each connection, and reports what matters to its
 * methods. Where calls are refused, the returned promise resolves when it is known which.
 */
export function watchDrift({
  check,
  policy,
  observer,
  log,
}: DriftWatch): (connection: Connection, address: string) => Promise<void> | undefined {
  const reported = new FirstTimes(MAX_REMEMBERED);
  const compare = async (connection: Connection, address: string): Promise<void> => {
    const drift = await check.compare(connection);
    if (drift === undefined || (drift.compared && !hasDifferences(drift))) return;
    const { remote, different, missing, hidden } = drift;
    // A connection that ended meanwhile has shown nothing.
    if (!drift.compared && !connection.open) return;
    if (!reported.isFirst(JSON.stringify([address, remote.hash, different, missing, hidden]))) return;
    observer.contractDrift?.({ address, ...drift });
    log.warn({ address, ...driftFields(drift) }, "the server has another contract; `sshrpc diff` shows the changes");
  };
  return (connection, address) => {
    if (policy === "ignore") return undefined;
    const compared = compare(connection, address);
    return policy === "refuse" ? compared : undefined;
  };
}

function hasDifferences({ different, missing, hidden }: Drift): boolean {
  return different.length + missing.length + hidden.length > 0;
}

/** The fields of a log line. */
function driftFields({ local, remote, compared, different, missing, hidden }: Drift): object {
  const lists = Object.entries({ different, missing, hidden }).filter(([, methods]) => methods.length > 0);
  return {
    client: describeContract(local),
    server: describeContract(remote),
    ...(!compared && { methods: "cannot be compared" }),
    ...Object.fromEntries(lists.map(([name, methods]) => [name, shown(methods)])),
  };
}

function shown(methods: readonly string[]): readonly string[] {
  const rest = methods.length - MAX_SHOWN;
  return rest <= 0 ? methods : [...methods.slice(0, MAX_SHOWN), `${rest} more`];
}
