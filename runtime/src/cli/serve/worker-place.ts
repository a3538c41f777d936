import { divideLimits } from "../processes/divide-limits.js";
import type { Worker } from "../processes/worker.js";
import { collectMetrics, METRICS_TOPIC, NO_METRICS } from "./metrics-port.js";
import type { Place } from "./serve-at.js";
import type { ServeFlags } from "./serve-flags.js";

/** The surroundings of a server that is one of several processes. */
export function workerPlace(worker: Worker, { metrics, processes = 1 }: ServeFlags): Place {
  const { sockets, siblings, ended } = worker;
  return {
    ...{ sockets, siblings },
    limit: ({ ledger, ...options }) => ({
      ...divideLimits(options, processes),
      // A call that is sent again may come to another process: only a ledger that they share finds its outcome.
      ledger: ledger && "begin" in ledger ? ledger : false,
    }),
    openMetrics: async () => {
      if (metrics === undefined) return NO_METRICS;
      const { observer, values } = await collectMetrics();
      siblings.answer(METRICS_TOPIC, values);
      return { ...NO_METRICS, observer };
    },
    introduce: (text) => worker.ready(text),
    listening: async () => ({ ended, onReload: (reload) => worker.onReload(reload), close: async () => {} }),
  };
}
