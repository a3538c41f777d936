import { RpcError } from "sshrpc/server";
import type { ErrorStatus } from "../../runtime/src/contract/status.js";
import type { Script, Tally } from "./generated/types.js";
import type { Waits } from "./handlers.js";

/** How the items of a method are created, and measured. */
export interface Form<Item> {
  readonly make: (size: number) => Item;
  readonly size: (item: Item) => number;
}

/** The parts of a handler's context that a script needs. */
interface PlayContext {
  readonly signal: AbortSignal;
  readonly deadline: number;
  readonly metadata: ReadonlyMap<string, readonly string[]>;
  setHeader(name: string, value: string): void;
  setTrailer(name: string, value: string): void;
}

/** Runs a script for a method of any kind; `waits` records the events. */
export async function* play<Item>(
  script: Script,
  items: AsyncIterable<Item> | undefined,
  ctx: PlayContext,
  form: Form<Item>,
  waits: Waits,
): AsyncGenerator<Item, Tally> {
  const { name, echo = false, take = Number.POSITIVE_INFINITY } = script;
  const tally = { received: 0, bytes: 0 };
  waits.started.push(name);
  try {
    for (const { name, value } of script.headers ?? []) ctx.setHeader(name, value);
    for (const { name, value } of script.trailers ?? []) ctx.setTrailer(name, value);
    // The details report what the caller has sent.
    for (const value of ctx.metadata.get("x-echo") ?? []) ctx.setTrailer("x-echo", value);
    for await (const item of take === 0 ? [] : (items ?? [])) {
      tally.received++;
      tally.bytes += form.size(item);
      waits.taken.set(name, tally.received);
      if (echo) yield item;
      if (tally.received >= take) break;
    }
    for (const size of sizes(script)) {
      waits.sent.set(name, (waits.sent.get(name) ?? 0) + 1);
      yield form.make(size);
    }
    if ("wrong" in script) yield script.wrong as Item;
    if (script.wait) await aborted(ctx.signal);
    if (script.status !== undefined) {
      throw new RpcError(script.status as ErrorStatus, script.message, { details: script.details });
    }
    return { ...tally, ...(Number.isFinite(ctx.deadline) && { left: ctx.deadline - Date.now() }) };
  } finally {
    waits.aborted.set(name, ctx.signal.aborted ? ctx.signal.reason.status : "none");
    waits.finished.push(name);
  }
}

function* sizes(script: Script): Generator<number> {
  yield* script.sizes ?? [];
  while (script.endless !== undefined) yield script.endless;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve());
  });
}
