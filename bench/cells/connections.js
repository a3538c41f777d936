// Many connections of one client process.
import { ITEM } from "../values.js";
import { pipelined } from "./pipelined.js";

/** Connects so many times, ten at once. */
async function connectAll(context, count) {
  const sessions = [];
  const worker = async () => {
    while (sessions.length < count) {
      const at = sessions.push(undefined) - 1;
      sessions[at] = await context.connect();
      await sessions[at].echo.item(ITEM);
    }
  };
  await Promise.all(Array.from({ length: 10 }, worker));
  return sessions;
}

const sleep = ({ quick }, seconds) => new Promise((resolve) => setTimeout(resolve, quick ? 100 : seconds * 1000));

/** @type {readonly import("./cells.js").Cell[]} */
export const connectionsCells = [
  {
    name: "idle/500",
    title: "500 idle connections: KB of resident memory of the server for each, and its CPU",
    unit: "connections",
    peers: ["sshrpc", "ssh2"],
    seconds: 0,
    warmUp: 0,
    rounds: 1,
    open: async (context) => {
      const first = await connectAll(context, context.quick ? 5 : 50);
      for (const session of first) await session.close();
      await sleep(context, 0.5);
    },
    run: async (context) => {
      const count = context.quick ? 50 : 500;
      const before = await context.server("memory");
      const measurement = context.measurement();
      await measurement.start();
      const sessions = await connectAll(context, count);
      const result = await measurement.end(count);
      await sleep(context, 1);
      const memory = (await context.server("memory")) - before;
      await sleep(context, 1);
      // As long as the keepalive interval of the clients of sshrpc, and of the servers of ssh2.
      const [start, cpu] = [performance.now(), await context.server("cpu")];
      await sleep(context, 15);
      const used = (await context.server("cpu")) - cpu;
      const idlePercent = (used / (performance.now() - start)) * 100;
      for (const session of sessions) await session.close();
      return { ...result, values: { kilobytes: memory / 1000 / count, idlePercent } };
    },
  },
  {
    name: "connections/1000",
    title: "1,000 connections, one call of 39 B in flight on each",
    unit: "calls",
    peers: ["sshrpc", "ssh2"],
    seconds: 2,
    open: (context) => connectAll(context, context.quick ? 50 : 1000),
    run: (context, sessions) => {
      const calls = sessions.map(({ echo }) => echo.item);
      return pipelined(context, calls, { value: ITEM, inFlight: calls.length });
    },
  },
];
