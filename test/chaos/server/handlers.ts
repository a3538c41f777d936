import { setTimeout as sleep } from "node:timers/promises";
import { type Context, tracked } from "sshrpc/server";
import type { Handlers } from "../generated/server.js";
import type { Done, Order } from "../generated/types.js";
import { ENTRY, OVERLAP, PAYMENT, SETTING, UPLOAD } from "../history/effect.js";
import type { EffectLog } from "./effect-log.js";
import type { UploadStore } from "./upload-store.js";

/** Handlers that append each of their effects to `log` before they respond. */
export function chaosHandlers(log: EffectLog, uploads: UploadStore): Handlers {
  return {
    effects: {
      async *get(_, ctx) {
        const after = Number(ctx.resumeAfter ?? 0);
        if (!(after <= log.last)) ctx.fail("PRECONDITION_FAILED", { last: log.last }, "no such effect");
        for await (const { seq, method, intent } of log.follow(after, ctx.signal)) {
          yield tracked(`${seq}`, { seq, method, intent });
        }
      },
    },
    entries: {
      store: (order, ctx) => run(order, ctx, () => log.append({ method: ENTRY, ...named(order, ctx) })),
    },
    payments: {
      async store(order, ctx) {
        const key = keyOf(ctx);
        const known = key === undefined ? undefined : log.find(key);
        if (known !== undefined) return done(known.seq, order);
        return await run(order, ctx, () => log.append({ method: PAYMENT, ...named(order, ctx) }));
      },
    },
    setting: {
      get: ({ name }) => ({ revision: log.revision(name) }),
      async update({ name, revision, order }, ctx) {
        await run(order, ctx, () => log.append({ method: SETTING, ...named(order, ctx), name, revision }));
        return { revision };
      },
    },
    upload: {
      async store({ name, intent }, chunks, ctx) {
        const key = keyOf(ctx);
        const known = key === undefined ? undefined : log.find(key);
        if (known?.size !== undefined && known.sha256 !== undefined) return { size: known.size, sha256: known.sha256 };
        if (uploads.isRunning(name)) await log.append({ method: OVERLAP, intent, key });
        const receipt = await uploads.receive(name, chunks, ctx.startAt);
        await log.append({ method: UPLOAD, intent, key, ...receipt });
        return receipt;
      },
    },
  };
}

async function run(order: Order, { signal }: Context, effect: () => Promise<{ seq: number }>): Promise<Done> {
  await sleep(order.before, undefined, { signal });
  const { seq } = await effect();
  await sleep(order.after, undefined, { signal });
  return done(seq, order);
}

function done(seq: number, { padding }: Order): Done {
  return { seq, padding: ".".repeat(padding) };
}

function named({ intent }: Order, ctx: Context): { intent: string; key: string | undefined } {
  return { intent, key: keyOf(ctx) };
}

/** The key of a call within all callers: each user has its own keys. */
function keyOf(ctx: Context): string | undefined {
  return ctx.idempotencyKey === undefined ? undefined : `${ctx.peer.user}/${ctx.idempotencyKey}`;
}
