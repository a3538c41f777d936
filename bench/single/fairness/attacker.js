// One attacker of the fairness benchmark: a key without scopes that runs one attack until its parent stops it.
import { setPriority } from "node:os";
import ssh2 from "ssh2";
import { ATTACKS, CONNECTIONS } from "./attacks.js";
import { counts } from "./packets.js";

const [attack, port, privateKey, localAddress, keys] = process.argv.slice(2);
/** Those of many connections have as many for all keys together. */
const count = Math.ceil((CONNECTIONS[attack]?.count ?? 1) / Number(keys));

// As on another machine: it must not take the CPU from the server.
setPriority(19);
process.on("disconnect", () => process.exit());
process.on("message", () => process.send(counts));
for (let at = 0; at < count; at++) connect();

function connect() {
  const client = new ssh2.Client();
  let over = false;
  const again = () => {
    if (over) return;
    over = true;
    counts.ends++;
    client.destroy();
    setTimeout(connect, 100);
  };
  client
    .on("error", again)
    .on("close", again)
    .on("ready", () => {
      if (counts.logins++ === 0) process.send(counts);
      ATTACKS[attack](client);
    })
    .connect({
      host: "127.0.0.1",
      port: Number(port),
      username: attack.replace(/\W/g, ""),
      privateKey,
      localAddress,
      readyTimeout: 60_000,
    });
}
