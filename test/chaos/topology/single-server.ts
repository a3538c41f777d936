import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateKeyPair } from "sshrpc/testing";
import { bundle } from "../../support/bundle.js";
import type { LineWriter } from "../history/lines.js";
import { Link } from "../nemesis/link.js";
import { Node } from "../nemesis/node.js";
import type { ServerConfig } from "../server/main.js";
import type { Entrance, Topology, TopologyOptions } from "./topology.js";

const SERVER = fileURLToPath(new URL("../server/main.ts", import.meta.url));
const ALIAS = "chaos";
/** Number of users: further clients share the first ones' keys. */
const USERS = 8;
/** Milliseconds in which the server meets no fault after each: enough for all clients to log in on a busy machine. */
const CALM = 2500;

/** One server, and a link to it for each client. */
export async function singleServer(options: TopologyOptions, faults: LineWriter): Promise<Topology> {
  const { directory, clients, ledger, lifetime } = options;
  const write = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text, { mode: 0o600 });
    return join(directory, name);
  };
  const host = generateKeyPair();
  const users = Array.from({ length: Math.min(USERS, clients) }, (_, index) => {
    const { privateKey, publicKey } = generateKeyPair();
    const user = `user-${index + 1}`;
    return { user, identity: write(user, privateKey), line: `users="${user}" ${publicKey} ${user}\n` };
  });
  const knownHosts = write("known_hosts", `${ALIAS} ${host.publicKey}\n`);
  const config: ServerConfig = {
    home: directory,
    hostKey: write("host_key", host.privateKey),
    authorizedKeys: write("authorized_keys", users.map(({ line }) => line).join("")),
    // Longer than any run: a key that is given again always meets its outcome.
    keeps: lifetime,
    ...(ledger === "file" && { ledger: join(directory, "ledger") }),
    lifetime,
  };
  const program = join(directory, "server.mjs");
  await bundle(SERVER, program);
  let port: number | undefined;
  const server = new Node("server", {
    command: () => ({ program, config }),
    ready: (line) => {
      port = Number(line.slice("ready ".length));
    },
    faults,
    calm: CALM,
  });
  const open: AsyncDisposable[] = [{ [Symbol.asyncDispose]: () => server.close() }];
  const close = async (): Promise<void> => void (await Promise.all(open.map((one) => one[Symbol.asyncDispose]())));
  try {
    await server.start();
    const links: Link[] = [];
    for (let index = 0; index < clients; index++) {
      const link = await Link.open(`link-${index + 1}`, () => port, faults);
      links.push(link);
      open.push({ [Symbol.asyncDispose]: () => link.close() });
    }
    const entrance = (index: number): Entrance => {
      const { user, identity } = users[index % users.length] as (typeof users)[number];
      const address = `ssh://${user}@127.0.0.1:${links[index]?.port}`;
      return { user, address, identity, knownHosts, hostKeyAlias: ALIAS };
    };
    return { servers: [server], keepsLedger: ledger === "file", links, entrance, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}
