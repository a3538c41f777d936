import type { ServeOptions } from "../../compose/serve-options.js";
import { MAX_CONNECTIONS, MAX_STARTUPS } from "../../ssh/admission/guard-config.js";
import { DEFAULT_LIMITS } from "../../wire/limits.js";

/**
 * The options of one of several processes: the limits of the whole server, divided by their number and rounded up, because connections
 * are spread evenly. Limits of keys and sources are the same in each: the processes count these together.
 */
export function divideLimits(options: ServeOptions, processes: number): ServeOptions {
  const part = (limit: number): number => Math.ceil(limit / processes);
  const { maxConnections = MAX_CONNECTIONS, maxStartups = {}, limits = {}, perKey } = options;
  const { serverCalls = DEFAULT_LIMITS.serverCalls, serverBytes } = limits;
  return {
    ...options,
    maxConnections: part(maxConnections),
    maxStartups: {
      ...maxStartups,
      start: part(maxStartups.start ?? MAX_STARTUPS.start),
      full: part(maxStartups.full ?? MAX_STARTUPS.full),
    },
    perKey: { ...perKey, connections: perKey?.connections ?? Math.ceil(maxConnections / 2) },
    limits: {
      ...limits,
      serverCalls: part(serverCalls),
      // Its default is a part of the heap, which each process has.
      ...(serverBytes !== undefined && { serverBytes: part(serverBytes) }),
    },
  };
}
