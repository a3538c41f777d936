// Streams of small items, one at a time, of as many items as take a tenth of a second.

const ENOUGH = 100;

/** @returns {import("./cells.js").Cell} */
const cell = (direction, title) => ({
  name: `stream/${direction}`,
  title,
  unit: "items",
  peers: ["sshrpc", "grpc", "connect"],
  isGuarded: true,
  open: async (context) => ({ session: await context.connect(), count: 500 }),
  run: async (context, opened) => {
    const measurement = context.measurement();
    await measurement.start();
    const end = performance.now() + context.seconds * 1000;
    let total = 0;
    for (let now = performance.now(); now < end; ) {
      const { count } = opened;
      if ((await opened.session.items[direction](count)) !== count) throw new Error("items are missing");
      total += count;
      const before = now;
      now = performance.now();
      if (now - before < ENOUGH / 2) opened.count *= 2;
    }
    return await measurement.end(total);
  },
});

export const streamsCells = [
  cell("down", "items of 39 B from the server"),
  cell("up", "items of 39 B to the server"),
  cell("both", "items of 39 B, each echoed in a bidirectional stream"),
];
