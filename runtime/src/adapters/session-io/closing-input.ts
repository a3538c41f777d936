import { onAbort } from "../../base/async/with-signal.js";
import { RpcError } from "../../contract/rpc-error.js";
import { CLOSING } from "../../server/shutdown.js";

/** Milliseconds without input after which a session that must end has read all that its peer had sent. */
const QUIET = 200;

/** When a session counts as quiet. */
interface QuietOptions {
  /** Milliseconds. Default: {@link QUIET}. */
  readonly quiet?: number;
  /** Whether the session still works, and takes input meanwhile. Default: it does not. */
  readonly isBusy?: () => boolean;
}

/**
 * Calls `listener` after some quiet, once `closing` has aborted.
 * @returns the function that removes it
 */
export function onQuiet(
  closing: AbortSignal,
  listener: () => void,
  { quiet = QUIET, isBusy = () => false }: QuietOptions = {},
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let turn: NodeJS.Immediate | undefined;
  const wait = (): void => {
    timer = setTimeout(() => {
      // Timers precede the sockets in a turn of the event loop, which may have been blocked.
      turn = setImmediate(() => {
        turn = setImmediate(() => (isBusy() ? wait() : listener()));
      });
    }, quiet);
  };
  const remove = onAbort(closing, wait);
  return () => {
    remove();
    clearTimeout(timer);
    clearImmediate(turn);
  };
}

/** The error of what a session cannot do, because the server shuts down. */
export function closingError(what: string): RpcError {
  return new RpcError("UNAVAILABLE", `${CLOSING}; ${what}`);
}

/**
 * The chunks of `input`. Once the server shuts down, those that its peer had sent: each request in them is answered, and none is lost
 * without an answer. The input is returned at the end.
 * @throws RpcError UNAVAILABLE in place of the chunks that would follow
 */
export async function* closingInput(
  input: AsyncIterable<Buffer>,
  closing: AbortSignal,
  options?: QuietOptions,
): AsyncGenerator<Buffer, void> {
  const chunks = input[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await withQuiet(chunks.next(), closing, options);
      if (next === undefined) throw closingError("nothing that follows is run");
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // It may wait for a chunk that never comes.
    chunks.return?.().catch(() => undefined);
  }
}

/** Undefined if the peer is quiet before the promise settles. */
function withQuiet<T>(promise: Promise<T>, closing: AbortSignal, options?: QuietOptions): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const remove = onQuiet(closing, () => resolve(undefined), options);
    promise.then(resolve, reject).finally(remove);
  });
}
