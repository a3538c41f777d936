/** What is called at each tick, in the time of `performance.now()`. */
type Task = (now: number) => void;

interface Interval {
  readonly tasks: Set<Task>;
  readonly timer: NodeJS.Timeout;
}

const intervals = new Map<number, Interval>();

/**
 * Calls `task` every so many ms, together with all others of the same interval: a thousand connections then wake the process once a
 * second, not a thousand times, and what they send leaves together. It does not keep the process alive.
 * @returns the function that ends it
 */
export function everyInterval(milliseconds: number, task: Task): () => void {
  const { tasks } = intervals.get(milliseconds) ?? startInterval(milliseconds);
  tasks.add(task);
  return () => {
    if (!tasks.delete(task) || tasks.size > 0) return;
    clearInterval(intervals.get(milliseconds)?.timer);
    intervals.delete(milliseconds);
  };
}

function startInterval(milliseconds: number): Interval {
  const tasks = new Set<Task>();
  const tick = (): void => {
    const now = performance.now();
    for (const task of tasks) task(now);
  };
  const interval = { tasks, timer: setInterval(tick, milliseconds).unref() };
  intervals.set(milliseconds, interval);
  return interval;
}
