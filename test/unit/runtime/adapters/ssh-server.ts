import { once } from "node:events";
import ssh2 from "ssh2";
import { connectSsh, type SshClient } from "sshrpc/client";
import type { ApiHandlers } from "sshrpc/generated";
import { type ServeOptions, type Server, serveHandlers } from "sshrpc/server";
import { generateKeyPair } from "sshrpc/testing";

const [HOST, ALICE] = [generateKeyPair(), generateKeyPair()];

/** A server over SSH, with a client of commands that it accepts. Closing it closes all. */
export interface SshServed extends AsyncDisposable {
  readonly server: Server;
  readonly ssh: SshClient;
  /** Connects as a stock client that can make any request. */
  connect(): Promise<ssh2.Client>;
}

/** Serves handlers over SSH on a free port, to one user. */
export async function serveSsh(
  handlers: ApiHandlers,
  options: Partial<Omit<ServeOptions, "host" | "port" | "hostKeys" | "authorizedKeys">> = {},
): Promise<SshServed> {
  const server = await serveHandlers(handlers, {
    log: false,
    ...options,
    host: "127.0.0.1",
    port: 0,
    hostKeys: { privateKey: HOST.privateKey },
    authorizedKeys: { lines: [`scopes="*" ${ALICE.publicKey}`] },
  });
  const ssh = await connectSsh(`ssh://alice@127.0.0.1:${server.port}`, {
    identity: { privateKey: ALICE.privateKey },
    hostKey: server.fingerprints,
    agent: false,
    sshConfig: false,
  });
  const clients: ssh2.Client[] = [];
  return {
    server,
    ssh,
    async connect() {
      const client = new ssh2.Client();
      clients.push(client);
      const { port } = server;
      client.connect({ host: "127.0.0.1", port, username: "alice", privateKey: ALICE.privateKey });
      await once(client, "ready");
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.end();
      await ssh.close();
      await server.close();
    },
  };
}
