// A thread of `sshrpc serve` (cli/shared/end-hung.ts), which ends the process where its event loop hangs, as in an endless loop of a handler,
// and no other process would: one that hangs does not notice that its parent has ended.
import process from "node:process";
import { workerData } from "node:worker_threads";

const { beats, interval, patience, parent } = workerData;
let last = -1;
let silent = 0;

// Counted, not timed: a process that was stopped for a while does not hang.
setInterval(() => {
  const now = Atomics.load(beats, 0);
  silent = now === last ? silent + interval : 0;
  last = now;
  if (silent >= patience && process.ppid !== parent) process.kill(process.pid, "SIGKILL");
}, interval);
