// The client process of a peer: it starts the server process, and runs the cells that its parent names.
import { fork } from "node:child_process";
import { findCell } from "../cells/cells.js";
import { loadPeer } from "../peers/peer.js";
import { Measurement } from "./measurement.js";
import { usage } from "./usage.js";

const [name] = process.argv.slice(2);
const peer = await loadPeer(name);
const server = fork(new URL("server.js", import.meta.url), [name], { stdio: ["ignore", "inherit", "ignore", "ipc"] });
server.once("exit", (code) => process.exit(code ?? 1));
const { address, error } = await answer();

/** What each cell keeps between its runs: its connections. */
const states = new Map();

process.on("message", (/** @type {import("./pair.js").Task} */ task) => {
  run(task).then(
    (result) => process.send({ result }),
    (error) => process.send({ error: error?.stack ?? String(error) }),
  );
});
process.on("disconnect", () => {
  server.disconnect();
  process.exit();
});
process.send({ result: "ready", error });

/** @param {import("./pair.js").Task} task */
async function run({ cell: cellName, seconds, quick, allocations }) {
  const cell = findCell(cellName);
  /** @type {import("../cells/cells.js").Context} */
  const context = {
    connect: (options) => peer.connect(address, { ...cell.connect, ...options }),
    address,
    seconds,
    quick,
    server: (question) => {
      server.send(question);
      return answer();
    },
    measurement: () => new Measurement(context.server, { isCpuKnown: peer.runsPrograms !== true }),
  };
  if (!states.has(cellName)) states.set(cellName, await cell.open?.(context));
  const opened = states.get(cellName);
  return allocations === true ? await measureAllocations(cell, context, opened) : await cell.run(context, opened);
}

/** Bytes allocated for each unit at both ends. */
async function measureAllocations(cell, context, opened) {
  await context.server("profile");
  usage("profile");
  const { count } = await cell.run(context, opened);
  const [client, server] = [usage("allocations"), await context.server("allocations")];
  return { allocated: (client + server) / count };
}

/** The next message of the server. @returns {Promise<any>} */
function answer() {
  return new Promise((resolve) => server.once("message", resolve));
}
