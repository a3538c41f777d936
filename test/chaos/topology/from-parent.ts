import { createInterface } from "node:readline";

/**
 * Calls `onLine` with each line of standard input, and ends this process when its parent has ended, which closes it, and after
 * `lifetime` ms in any case.
 */
export function fromParent(lifetime: number, onLine: (line: string) => void = () => undefined): void {
  const end = (): never => process.exit(1);
  createInterface({ input: process.stdin }).on("line", onLine).on("close", end);
  setTimeout(end, lifetime).unref();
}
