import type { Readable } from "node:stream";

/** Reads messages of JSON, each after a header `Content-Length`, as tsserver and language servers write them. */
export function onMessages(stream: Readable, receive: (message: Record<string, unknown>) => void): void {
  let pending = Buffer.alloc(0);
  stream.on("data", (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      const end = pending.indexOf("\r\n\r\n");
      if (end === -1) return;
      const start = end + 4;
      const length = Number(/Content-Length: (\d+)/.exec(pending.toString("latin1", 0, end))?.[1]);
      if (pending.length < start + length) return;
      const message = pending.toString("utf8", start, start + length);
      pending = pending.subarray(start + length);
      receive(JSON.parse(message));
    }
  });
}

/** Requests that wait for their responses, by number. */
export class Pending {
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #last = 0;

  /** @param send sends the request with this number */
  request(send: (id: number) => void): Promise<unknown> {
    this.#last++;
    const id = this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      send(id);
    });
  }

  settle(id: number, value: unknown): void {
    this.#waiting.get(id)?.resolve(value);
    this.#waiting.delete(id);
  }

  /** The process has ended. */
  fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
