import { readFileSync } from "node:fs";
import { connectApi } from "sshrpc/generated";
import { expect, onTestFinished } from "vitest";
import { NOTES } from "../unit/runtime/adapters/notes-server.js";
import { freePort, makeKey, tempDir, write } from "../unit/runtime/ssh/support.js";
import { until } from "../unit/runtime/support/wait.js";
import { run } from "./run.js";
import { type Served, serveNotesOverSsh, start } from "./served.js";
import { sshOptions } from "./sshd.js";
import { itWith } from "./stock.js";

/** The configuration of docs/deployment.md, with the ports of a test. */
function configuration(port: number, servers: readonly Served[]): string {
  const page = readFileSync(new URL("../../docs/deployment.md", import.meta.url), "utf8");
  const [, text] = /```haproxy\n(.*?)```/s.exec(page) ?? [];
  if (text === undefined) throw new Error("docs/deployment.md has no configuration of HAProxy");
  const ports = servers.map(({ server }) => server.port);
  return text
    .replace("bind :22", `bind 127.0.0.1:${port}`)
    .replace(/10\.0\.0\.\d+:8022/g, () => `127.0.0.1:${ports.shift()}`);
}

/** The addresses of clients that a server has accepted. */
const seenBy = ({ log }: Served): string[] =>
  log.lines.filter(({ message }) => message === "authenticated").map(({ fields }) => `${fields["address"]}`);

itWith(
  ["ssh", "haproxy"],
  "two servers behind HAProxy with the PROXY protocol are one address for ssh and our client",
  async () => {
    const directory = tempDir();
    const [host, alice] = [makeKey(directory, "host"), makeKey(directory, "alice")];
    const options = {
      hostKeys: { privateKey: host.privateKey },
      authorizedKeys: { lines: [`scopes="*" ${alice.line}`] },
      proxyProtocol: ["127.0.0.1/32"],
    };
    const servers = [await serveNotesOverSsh(options), await serveNotesOverSsh(options)] as const;
    const port = await freePort();
    const proxy = start("haproxy", ["-db", "-f", write(directory, "haproxy.cfg", configuration(port, servers))]);
    const knownHosts = write(directory, "known_hosts", `[127.0.0.1]:${port} ${host.line}\n`);
    const stock = [...sshOptions({ knownHosts, identity: alice.file, port }), "-b", "127.0.0.2", "alice@127.0.0.1"];
    const get = () => run("ssh", [...stock, "GET", "/notes/1"]);
    await expect.poll(async () => (await get()).status, { timeout: 20_000 }).toBe(0);
    const target = `ssh://alice@127.0.0.1:${port}`;
    const connect = async () => {
      const client = await connectApi(NOTES, target, {
        identity: alice.file,
        knownHosts,
        agent: false,
        sshConfig: false,
      });
      onTestFinished(() => client.close());
      return client as unknown as { readonly note: { get(request: { id: number }): Promise<unknown> } };
    };
    const clients = [await connect(), await connect()];
    for (const { note } of clients) expect(await note.get({ id: 1 })).toEqual({ id: 1, text: "hi" });
    await until("one connection at each", () => servers.every(({ server }) => server.clients.length === 1));
    // Each server knows the address of the client, not that of HAProxy.
    await until("the address of ssh", () =>
      servers.flatMap(seenBy).some((address) => address.startsWith("127.0.0.2:")),
    );
    await servers[0].server.close();
    for (const { note } of clients) expect(await note.get({ id: 1 })).toEqual({ id: 1, text: "hi" });
    expect(await get()).toMatchObject({ status: 0, stdout: '{"id":1,"text":"hi"}\n' });
    await until("both at the other", () => servers[1].server.clients.length === 2);
    expect(proxy.process.exitCode).toBe(null);
  },
);
