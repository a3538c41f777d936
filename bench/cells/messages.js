// One text of a size, echoed, one call in flight.
import { text } from "../values.js";
import { pipelined } from "./pipelined.js";

/** @returns {import("./cells.js").Cell} */
const cell = (name, size) => ({
  name: `text/${name}`,
  title: `a text of ${size.toLocaleString("en-US")} B, one call in flight`,
  unit: "calls",
  peers: ["sshrpc", "grpc"],
  more: ["tls", "ssh2", "connect", "jsonrpc"],
  isGuarded: size >= 1_000_000,
  open: async (context) => ({ session: await context.connect(), value: text(size) }),
  run: (context, { session, value }) => pipelined(context, [session.echo.text], { value, inFlight: 1 }),
});

export const messagesCells = [
  cell("16KB", 16_000),
  cell("64KB", 64_000),
  cell("256KB", 256_000),
  cell("1MB", 1_000_000),
  cell("4MB", 4_000_000),
];
