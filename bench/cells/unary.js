// Unary calls that respond their request.
import { ITEM, LIST_1KB, LIST_64KB } from "../values.js";
import { pipelined } from "./pipelined.js";

const peers = ["sshrpc", "tls", "ssh2", "grpc", "connect", "trpc-ws", "jsonrpc"];
const more = ["river", "capnweb", "trpc-http", "http2", "grpc-tunnel"];

/** @returns {import("./cells.js").Cell} */
const cell = (name, { title, method, value, inFlight }) => ({
  name,
  title,
  unit: "calls",
  peers,
  more,
  isGuarded: inFlight > 1,
  open: (context) => context.connect(),
  run: (context, session) => pipelined(context, [session.echo[method]], { value, inFlight }),
});

export const unaryCells = [
  cell("small/1", { title: "39 B, one call in flight", method: "item", value: ITEM, inFlight: 1 }),
  cell("small/64", { title: "39 B, 64 calls in flight", method: "item", value: ITEM, inFlight: 64 }),
  cell("small/256", { title: "39 B, 256 calls in flight", method: "item", value: ITEM, inFlight: 256 }),
  cell("1KB/64", { title: "1 KB, 64 calls in flight", method: "list", value: LIST_1KB, inFlight: 64 }),
  cell("64KB/64", { title: "64 KB, 64 calls in flight", method: "list", value: LIST_64KB, inFlight: 64 }),
];
