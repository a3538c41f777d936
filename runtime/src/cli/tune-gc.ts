import { setFlagsFromString } from "node:v8";

/**
 * Lets the heap grow to five times of what lives in it before the garbage collector searches all of it. V8 counts the
 * memory of buffers too, and the heap of a server is small: every few hundred packets of a file were enough to have it
 * searched, for half of the CPU that a transfer took (measured: bench/exec.js). The limit of the heap stays what it is.
 */
export function tuneGc(): void {
  setFlagsFromString("--heap-growing-percent=400");
}
