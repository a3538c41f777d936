import type { Socket } from "node:net";

/** What a parser makes of the first bytes: how many of them it has used, and for what. */
export interface Parsed<T> {
  readonly value: T;
  readonly size: number;
}

/** The other side ended the connection before it had said enough. */
export class LeftError extends Error {}

/**
 * Reads from a socket until `parse` has enough, however the bytes are cut into packets. What it does not use stays in the
 * socket, which is paused then.
 * @param parse gives undefined until it has enough; it has to throw before it has seen too much
 * @returns a promise that rejects with what `parse` throws, or a LeftError
 */
export function takeFirst<T>(socket: Socket, parse: (bytes: Buffer) => Parsed<T> | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.alloc(0);
    const settle = (action: () => void) => {
      socket.pause().off("data", onData).off("end", onEnd).off("close", onEnd);
      action();
    };
    const onEnd = () => settle(() => reject(new LeftError(`the other side left after ${bytes.length} bytes`)));
    const onData = (chunk: Buffer) => {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      try {
        const parsed = parse(bytes);
        if (parsed === undefined) return;
        settle(() => {
          if (parsed.size < bytes.length) socket.unshift(bytes.subarray(parsed.size));
          resolve(parsed.value);
        });
      } catch (error) {
        settle(() => reject(error as Error));
      }
    };
    if (socket.destroyed || socket.readableEnded) onEnd();
    else socket.on("data", onData).on("end", onEnd).on("close", onEnd).resume();
  });
}
