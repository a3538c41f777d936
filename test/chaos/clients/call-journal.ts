import { RpcError } from "sshrpc/client";
import type { Begun, Called, Connected, Ended, Finished, Retried, Taken } from "../history/journal.js";
import { LineWriter } from "../history/lines.js";

/** What of a response the journal keeps. */
type Kept = Pick<Ended, "seq" | "revision" | "size" | "sha256">;

/** The journal of one client process. */
export class CallJournal {
  readonly #lines: LineWriter;
  readonly #prefix: string;
  #calls = 0;

  constructor(path: string, begun: Omit<Begun, "e" | "t">) {
    this.#lines = new LineWriter(path);
    this.#prefix = `${begun.client}.${begun.generation}`;
    this.#lines.write({ e: "begin", ...begun, t: Date.now() } satisfies Begun);
  }

  /** Makes a call between its two lines. @returns its status */
  async call(called: Omit<Called, "e" | "id" | "t">, make: () => Promise<Kept>): Promise<string> {
    const id = `${this.#prefix}.${++this.#calls}`;
    this.#lines.write({ e: "call", id, ...called, t: Date.now() } satisfies Called);
    let end: Omit<Ended, "e" | "id" | "t">;
    try {
      const { seq, revision, size, sha256 } = await make();
      end = {
        status: "OK",
        ...(seq !== undefined && { seq }),
        ...(revision !== undefined && { revision }),
        ...(size !== undefined && { size }),
        ...(sha256 !== undefined && { sha256 }),
      };
    } catch (error) {
      // Any other error is a fault of the product, or of this program.
      const status = error instanceof RpcError ? error.status : "THROWN";
      end = { status, message: error instanceof RpcError ? error.message : String((error as Error)?.stack ?? error) };
    }
    this.#lines.write({ e: "end", id, ...end, t: Date.now() } satisfies Ended);
    return end.status;
  }

  taken(seq: number, intent: string): void {
    this.#lines.write({ e: "item", seq, intent } satisfies Taken);
  }

  connected(): void {
    this.#lines.write({ e: "connect", t: Date.now() } satisfies Connected);
  }

  retried(method: string): void {
    this.#lines.write({ e: "retry", method, t: Date.now() } satisfies Retried);
  }

  finish(last: number): void {
    this.#lines.write({ e: "finish", last, t: Date.now() } satisfies Finished);
    this.#lines.close();
  }
}
