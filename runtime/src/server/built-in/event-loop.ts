import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import type { ServerStatus } from "../../contract/built-in/server-status.js";

type EventLoop = ServerStatus["node"]["eventLoop"];

/** Milliseconds between two samples of the delay. */
const RESOLUTION = 20;

/** Milliseconds after the last look from which the delay is not sampled any more. */
const UNWATCHED = 60_000;

/** Reads how busy the event loop is. Its delay is sampled by a timer, so only while there are looks at it. */
export class EventLoopMeter {
  #before = performance.eventLoopUtilization();
  #delay: IntervalHistogram | undefined;
  #stop: NodeJS.Timeout | undefined;

  /** What has happened since the previous look. */
  read(): EventLoop {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#before);
    this.#before = now;
    const delay = this.#readDelay();
    return { utilization: round(utilization, 1000), ...(delay && { delay }) };
  }

  #readDelay(): EventLoop["delay"] {
    const histogram = this.#delay;
    const delay = histogram &&
      histogram.count > 0 && {
        mean: late(histogram.mean),
        p99: late(histogram.percentile(99)),
        max: late(histogram.max),
      };
    histogram?.reset();
    this.#watch();
    return delay || undefined;
  }

  #watch(): void {
    if (this.#delay === undefined) {
      this.#delay = monitorEventLoopDelay({ resolution: RESOLUTION });
      this.#delay.enable();
    }
    clearTimeout(this.#stop);
    this.#stop = setTimeout(() => {
      this.#delay?.disable();
      this.#delay = undefined;
    }, UNWATCHED).unref();
  }
}

/** Samples are nanoseconds between two runs of the timer. */
function late(nanoseconds: number): number {
  return round(Math.max(0, nanoseconds / 1e6 - RESOLUTION), 100);
}

function round(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}
