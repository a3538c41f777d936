// What both processes of the call benchmarks share: keys, algorithms, and the method that is called.
import { readFileSync } from "node:fs";
import ssh2 from "ssh2";
import { SERVER_ALGORITHMS } from "../runtime/dist/ssh/algorithms.js";

export const ALGORITHMS = SERVER_ALGORITHMS;

/** A key pair in OpenSSH's form. */
export function keyPair() {
  return ssh2.utils.generateKeyPairSync("ed25519");
}

/** Imports the generated code of the example API, compiled on the fly. */
export async function generated(name) {
  const { createJiti } = await import("jiti");
  return createJiti(import.meta.url, { interopDefault: false }).import(`../generated/${name}`);
}

/** Milliseconds of CPU that this process has used. */
export function cpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The middle one of some numbers. */
export function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

export const packageVersion = JSON.parse(readFileSync(new URL("../runtime/package.json", import.meta.url), "utf8")).version;
