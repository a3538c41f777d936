// The server or the client of main.js, which asks for a number of logins and gets the CPU time that they took.
import { algorithmsOf } from "../../../runtime/dist/base/transport.js";
import { sshTransport } from "../../../runtime/dist/compose/ssh-transport.js";
import { listen } from "../../../runtime/dist/ssh/server/listen.js";
import { cpu } from "../../measure.js";

const [role, keys, server, kex] = process.argv.slice(2);
const { host, alice } = JSON.parse(keys);
let logIn = async () => {};
if (role === "serve") {
  const echo = {
    name: "echo",
    match: ({ kind }) => kind === "subsystem",
    run: ({ stream }) => void stream.on("error", () => {}).pipe(stream),
  };
  const hostKeys = { privateKey: host.privateKey };
  const listener = await listen({ port: 0, hostKeys, authorizedKeys: { lines: [alice.publicKey] } }, [echo]);
  process.send({ port: listener.port, hostKey: listener.fingerprints[0] });
} else {
  const { port, hostKey } = JSON.parse(server);
  const transport = sshTransport(`ssh://alice@127.0.0.1:${port}`, {
    ...{ identity: { privateKey: alice.privateKey }, agent: false, sshConfig: false },
    ...{ hostKey, algorithms: { kex: [kex] } },
  });
  logIn = async () => {
    const duplex = await transport.open();
    const negotiated = algorithmsOf(duplex)?.kex;
    if (negotiated !== kex) throw new Error(`negotiated ${negotiated}`);
    duplex.destroy();
  };
  process.send("ready");
}
let before = cpu();
process.on("message", async (/** @type {number} */ logins) => {
  for (let login = 0; login < logins; login++) await logIn();
  const now = cpu();
  process.send(now - before);
  before = now;
});
