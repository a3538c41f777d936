import { closeSync, createReadStream, openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";

/**
 * Appends values to a file, one line of JSON each. A line is in the file when `write` returns, so that the death of the process
 * does not lose it.
 */
export class LineWriter {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, "a", 0o600);
  }

  write(value: object): void {
    writeSync(this.#file, `${JSON.stringify(value)}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/**
 * The values of a file of {@link LineWriter}. An incomplete last line, of a process that was killed, is left out.
 * @throws Error with the line's number for any other invalid line
 */
export async function* readLines<T>(path: string): AsyncGenerator<T> {
  let number = 0;
  let invalid: string | undefined;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (invalid !== undefined) throw new Error(`${path}: invalid line ${number}: ${invalid.slice(0, 100)}`);
    number++;
    let value: T;
    try {
      value = JSON.parse(line) as T;
    } catch {
      invalid = line;
      continue;
    }
    yield value;
  }
}
