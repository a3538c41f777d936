import { GCProfiler, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { cpu } from "../measure.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

/** @type {GCProfiler | undefined} */
let profiler;
let heapAtStart = 0;

/**
 * What this process uses: milliseconds of CPU; for `memory`, its resident bytes after a garbage collection; after `allocations`,
 * the bytes allocated on its heap since the question `profile`.
 * @param {"cpu" | "memory" | "profile" | "allocations"} question
 */
export function usage(question) {
  switch (question) {
    case "memory":
      collect();
      collect();
      return process.memoryUsage.rss();
    case "profile":
      heapAtStart = process.memoryUsage().heapUsed;
      profiler = new GCProfiler();
      profiler.start();
      return 0;
    case "allocations":
      return allocated(profiler.stop().statistics, process.memoryUsage().heapUsed);
    default:
      return cpu();
  }
}

/** The growth of the heap between its collections. */
function allocated(collections, heapNow) {
  let [sum, last] = [0, heapAtStart];
  for (const { beforeGC, afterGC } of collections) {
    sum += beforeGC.heapStatistics.usedHeapSize - last;
    last = afterGC.heapStatistics.usedHeapSize;
  }
  return sum + heapNow - last;
}
