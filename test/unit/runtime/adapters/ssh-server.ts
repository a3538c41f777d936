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

interface SshServedOptions extends Partial<Omit<ServeOptions, "host" | "port" | "hostKeys" | "authorizedKeys">> {
  /** Default: alice. */
  readonly user?: string;
  /** Default: every scope. */
  readonly scopes?: readonly string[];
}

/** Serves handlers over SSH on a free port, to one user. */
export async function serveSsh(
  handlers: ApiHandlers,
  { user = "alice", scopes = ["*"], ...options }: SshServedOptions = {},
): Promise<SshServed> {
  const server = await serveHandlers(handlers, {
    log: false,
    ...options,
    host: "127.0.0.1",
    port: 0,
    hostKeys: { privateKey: HOST.privateKey },
    authorizedKeys: { lines: [`scopes="${scopes.join()}" ${ALICE.publicKey}`] },
  });
  const ssh = await connectSsh(`ssh://${user}@127.0.0.1:${server.port}`, {
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
      client.connect({ host: "127.0.0.1", port, username: user, privateKey: ALICE.privateKey });
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
