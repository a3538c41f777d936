import { hostname, loadavg } from "node:os";
import { connect } from "../../generated/client.js";

/**
 * A machine behind NAT: it connects to the server, and the server calls it over that connection. It runs until SIGINT, and
 * reconnects when the connection is lost.
 *
 *   npx jiti examples/06-agent/agent.ts ssh://agent@127.0.0.1:8022
 */
const [address] = process.argv.slice(2);
if (address === undefined) {
  console.error("usage: agent ssh://user@host:port");
  process.exit(2);
}

// From here on: Ctrl-C closes the connection, also before the first load is printed.
const stopped = new Promise((resolve) => process.once("SIGINT", resolve));
await using client = await connect(address, {
  callbacks: { agent: { get: () => ({ host: hostname(), load: loadavg()[0] ?? 0 }) } },
});
console.log(`connected to ${address}`);
for await (const { host, load } of client.fleet.get()) console.log(`${host}  load ${load.toFixed(2)}`);
await stopped;
