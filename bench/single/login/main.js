// The CPU time of a login at both ends by key exchange: curve25519, and mlkem768x25519-sha256 with ML-KEM of each source. The server and
// the client of each row are processes of their own, which take turns.
import { fork } from "node:child_process";
import crypto from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { generateKeyPair } from "../../../runtime/dist/testing.js";
import { median, table } from "../../measure.js";

const ROUNDS = 10;
const LOGINS = 30;
const PEER = fileURLToPath(new URL("./peer.js", import.meta.url));
const HYBRID = "mlkem768x25519-sha256";

/** Hides ML-KEM of Node, so that the package is used. */
const WITHOUT_NATIVE = ["--import", 'data:text/javascript,import c from "node:crypto"; c.encapsulate = undefined;'];

const keys = JSON.stringify({ host: generateKeyPair(), alice: generateKeyPair() });
const peers = [];
await add("curve25519-sha256", "curve25519-sha256", []);
await add(`${HYBRID}, @noble/post-quantum`, HYBRID, WITHOUT_NATIVE);
if ("encapsulate" in crypto) await add(`${HYBRID}, Node's crypto`, HYBRID, []);

for (let round = 0; round <= ROUNDS; round++) {
  for (const { server, client, first, times } of peers) {
    const [atClient, atServer] = [await ask(client, LOGINS), await ask(server, 0)];
    // The first round loads and warms.
    if (round === 0) first.push(atClient / LOGINS, atServer / LOGINS);
    else times.push([atClient / LOGINS, atServer / LOGINS]);
  }
}
table(`CPU of a login in ms (median of ${ROUNDS} × ${LOGINS})`, [
  ["", "client", "server", "in the first 30: client", "server"],
  ...peers.map(({ name, first, times }) => [
    name,
    ...[0, 1].map((end) => median(times.map((pair) => pair[end])).toFixed(2)),
    ...first.map((one) => one.toFixed(2)),
  ]),
]);
for (const { server, client } of peers) {
  server.kill();
  client.kill();
}

async function add(name, kex, execArgv) {
  const server = fork(PEER, ["serve", keys], { execArgv });
  const [address] = await once(server, "message");
  const client = fork(PEER, ["connect", keys, JSON.stringify(address), kex], { execArgv });
  for (const peer of [server, client]) peer.once("exit", (code) => code && process.exit(1));
  await once(client, "message");
  peers.push({ name, server, client, first: [], times: [] });
}

/** Makes this many logins, and resolves with the milliseconds of CPU since the last request. */
async function ask(peer, logins) {
  peer.send(logins);
  return (await once(peer, "message"))[0];
}
