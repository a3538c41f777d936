import type { FleetHandlers } from "../../generated/server.js";

/** All connected machines. Clients without callbacks, or that do not respond in time, are omitted. */
export const fleet: FleetHandlers = {
  async *get(_request, ctx) {
    const asked = ctx.clients.map(({ callbacks }) => callbacks.agent.get.safe({}, { parent: ctx }));
    for await (const answer of asCompleted(asked)) if (answer.ok) yield answer.value;
  },
};

/** Yields the results of promises in the order of completion. */
async function* asCompleted<T>(promises: readonly Promise<T>[]): AsyncGenerator<T, void> {
  const pending = new Map(promises.map((promise, index) => [index, promise.then((value) => ({ index, value }))]));
  while (pending.size > 0) {
    const { index, value } = await Promise.race(pending.values());
    pending.delete(index);
    yield value;
  }
}
