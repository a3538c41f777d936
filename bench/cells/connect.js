// Connections: from the first packet to the first response.
import { ITEM } from "../values.js";
import { delayed } from "./delayed.js";

/** Makes connections one after the other for the time of the round, at least three. */
async function serial(context, options) {
  const measurement = context.measurement();
  await measurement.start();
  const end = performance.now() + context.seconds * 1000;
  const { times } = measurement;
  const least = context.quick ? 1 : 3;
  while (performance.now() < end || times.length < least) {
    const before = performance.now();
    times.push((await connectOnce(context, options)) - before);
  }
  return await measurement.end(times.length);
}

/** Connects, calls and closes. Resolves with the time of the response. */
async function connectOnce(context, options) {
  const session = await context.connect(options);
  await session.echo.item(ITEM);
  const answered = performance.now();
  await session.close();
  return answered;
}

/** One connection every 5 ms; the time of each is from when it was due. */
async function paced(context) {
  const measurement = context.measurement();
  await measurement.start();
  const start = performance.now();
  const count = Math.ceil(context.seconds * 200);
  const failures = [];
  const login = async (due) => {
    const answered = await connectOnce(context).catch((error) => {
      failures.push(error);
      return performance.now();
    });
    measurement.times.push(answered - due);
  };
  const logins = [];
  for (let at = 0; at < count; at++) {
    const due = start + at * 5;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    logins.push(login(due));
  }
  await Promise.all(logins);
  const result = await measurement.end(count, { failed: failures.length });
  return failures.length === 0 ? result : { ...result, note: `the first failure: ${failures[0].message}` };
}

const ROUND_TRIP = 100;
const SAME_EXCHANGE = { kex: "curve25519-sha256" };

/** @type {readonly import("./cells.js").Cell[]} */
export const connectCells = [
  {
    name: "connect",
    title: "connect to the first response, curve25519 on SSH",
    unit: "logins",
    peers: ["sshrpc", "ssh2", "tls", "grpc"],
    more: ["connect", "trpc-ws", "jsonrpc"],
    isGuarded: true,
    connect: SAME_EXCHANGE,
    run: (context) => serial(context),
  },
  {
    name: "connect/default",
    title: "connect to the first response, the default key exchange",
    unit: "logins",
    peers: ["sshrpc"],
    run: (context) => serial(context),
  },
  {
    name: "command",
    title: "a command by stock ssh, connection included: GET /items on sshrpc, true on sshd",
    unit: "commands",
    peers: ["ssh-sshrpc", "ssh-sshd"],
    run: (context) => serial(context),
  },
  {
    name: "connect/100ms",
    title: `connect to the first response at a round trip of ${ROUND_TRIP} ms (that of TCP not included)`,
    unit: "logins",
    peers: ["sshrpc", "ssh2", "tls"],
    connect: SAME_EXCHANGE,
    seconds: 0,
    warmUp: 0,
    open: async (context) => {
      for (let warm = 0; warm < (context.quick ? 3 : 50); warm++) await connectOnce(context);
      return await delayed(context.address.port, ROUND_TRIP / 2);
    },
    run: async (context, port) => {
      const result = await serial(context, { port });
      return { ...result, values: { roundTrips: result.p50 / ROUND_TRIP } };
    },
  },
  {
    name: "logins/200",
    title: "200 logins a second for 5 s from one client process",
    unit: "logins",
    peers: ["sshrpc", "ssh2"],
    connect: SAME_EXCHANGE,
    seconds: 5,
    run: paced,
  },
];
