import type { FleetHandlers } from "../../generated/server.js";

/** All connected machines. Clients without callbacks, or that do not respond in time, are omitted. */
export const fleet: FleetHandlers = {
  async *get(_request, ctx) {
    const asked = ctx.clients.map(({ callbacks }) => callbacks.agent.get.safe({}, { parent: ctx }));
    for await (const answer of asCompleted(asked)) if (answer.ok) yield answer.value;
  },
};

/** Yields the results of promises in the order of completion. Not `Promise.race` for each: that is quadratic work. */
async function* asCompleted<T>(promises: readonly Promise<T>[]): AsyncGenerator<T, void> {
  const done: T[] = [];
  let wake = (): void => undefined;
  for (const promise of promises) {
    void promise.then((value) => {
      done.push(value);
      wake();
    });
  }
  for (let next = 0; next < promises.length; next++) {
    if (done.length === next) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    yield done[next] as T;
  }
}
