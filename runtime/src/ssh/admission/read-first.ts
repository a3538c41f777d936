import type { Socket } from "node:net";

/** The result of a parser, and the number of bytes that it consumed. */
interface Parsed<T> {
  readonly value: T;
  readonly size: number;
}

/** The peer closed the connection before the parser had enough bytes. */
export class ClosedEarlyError extends Error {}

/**
 * Reads from a socket until `parse` has enough bytes, however they are split into packets. Unconsumed bytes are put
 * back, and the socket is paused.
 * @param parse returns undefined until it has enough bytes; it has to throw before they are too many
 * @returns a promise that rejects with what `parse` throws, or a ClosedEarlyError
 */
export function readFirst<T>(socket: Socket, parse: (bytes: Buffer) => Parsed<T> | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.alloc(0);
    const settle = (action: () => void) => {
      socket.pause().off("data", onData).off("end", onEnd).off("close", onEnd);
      action();
    };
    const onEnd = () =>
      settle(() => reject(new ClosedEarlyError(`connection closed by the peer after ${bytes.length} bytes`)));
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
