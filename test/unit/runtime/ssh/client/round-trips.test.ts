import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { sshTransport } from "../../../../../runtime/src/compose/ssh-transport.js";
import { type Bench, makeKey, startBench } from "../support.js";

/** More bytes than an identification string and KEXINIT, fewer than these and the client's key: what follows depends on no race. */
const OPENING = 1500;

/** Forwards connections to the server, and counts the times that the client sends after it has received something. */
async function countFlights({ listener }: Bench) {
  const count = { flights: 0 };
  const proxy = createServer({ noDelay: true }, (client) => {
    const server = connect({ host: "127.0.0.1", port: listener.port, noDelay: true });
    let last = "";
    let sent = 0;
    for (const [name, from, to] of [
      ["client", client, server],
      ["server", server, client],
    ] as const) {
      from.on("error", () => {}).on("close", () => to.destroy());
      from.on("data", (data) => {
        if (name === "client" && last !== "client" && sent > OPENING) count.flights += 1;
        if (name === "client") sent += data.length;
        last = name;
        to.write(data);
      });
    }
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  onTestFinished(() => void proxy.close());
  return { port: (proxy.address() as AddressInfo).port, count };
}

/** How often the client has waited for the server, after its key exchange, when its first message leaves. */
async function flightsOf(bench: Bench, identity: string | readonly string[]): Promise<number> {
  const { port, count } = await countFlights(bench);
  const duplex = await sshTransport(`ssh://alice@127.0.0.1:${port}`, {
    ...{ identity, agent: false, sshConfig: false, hostKey: bench.hostKey.publicKey.fingerprint },
  }).open();
  onTestFinished(() => void duplex.on("error", () => {}).destroy());
  duplex.write("hello");
  expect(String((await once(duplex, "data"))[0])).toBe("hello");
  return count.flights;
}

test("a client with one key waits three times between its key exchange and its first message: what need not wait leaves together", async () => {
  const bench = await startBench();
  // For the new keys; for the login, which it requests with a signature; for the channel, to which subsystem and message go together.
  expect(await flightsOf(bench, bench.alice.file)).toBe(3);
});

test("a client with several keys asks which one the server accepts before it signs", async () => {
  const bench = await startBench();
  const other = makeKey(bench.directory, "other").file;
  expect(await flightsOf(bench, [bench.alice.file, other])).toBe(4);
});
