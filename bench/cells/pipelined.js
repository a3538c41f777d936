/**
 * Makes calls for `seconds`, `inFlight` at any time, over one session or several in turn.
 * @param {import("./cells.js").Context} context
 * @param {readonly ((value: any) => Promise<any>)[]} calls
 */
export async function pipelined(context, calls, { value, inFlight }) {
  const measurement = context.measurement();
  await measurement.start();
  const end = performance.now() + context.seconds * 1000;
  const { times } = measurement;
  const worker = async (_, at) => {
    const call = calls[at % calls.length];
    let now = performance.now();
    while (now < end) {
      await call(value);
      const before = now;
      now = performance.now();
      times.push(now - before);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return await measurement.end(times.length);
}
