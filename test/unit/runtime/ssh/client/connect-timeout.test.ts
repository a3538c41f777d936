import { once } from "node:events";
import ssh2 from "ssh2";
import { connectApi } from "sshrpc/generated";
import { expect, onTestFinished, test } from "vitest";
import { apiOf, method } from "../../support/server.js";
import { failure, makeKey, tempDir } from "../support.js";

/** Connects to a server that accepts every login, and answers requests for a subsystem by `answer`. */
async function connectTo(answer: (accept: () => ssh2.ServerChannel) => void, options: object): Promise<unknown> {
  const directory = tempDir();
  const host = makeKey(directory, "host");
  const connections = new Set<ssh2.Connection>();
  const server = new ssh2.Server({ hostKeys: [host.privateKey] }, (connection) => {
    connections.add(connection);
    connection
      .on("error", () => {})
      .on("authentication", (context) => context.accept())
      .on("session", (accept) => void accept().on("subsystem", (take) => answer(take)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const connection of connections) connection.end();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const login = { hostKey: host.publicKey.fingerprint, agent: false, sshConfig: false, identity: [], password: "x" };
  return failure(
    connectApi(apiOf(method("GET /it")), `ssh://alice@127.0.0.1:${port}`, {
      ...{ ...login, ...options, reconnect: false, log: false },
    } as Parameters<typeof connectApi>[2]),
  );
}

test("connectTimeout alone bounds the time until the channel is open, also above helloTimeout", async () => {
  const options = { connectTimeout: 600, limits: { helloTimeout: 50 } };
  expect(await connectTo(() => {}, options)).toMatchObject({
    status: "UNAVAILABLE",
    message: expect.stringContaining("did not finish the channel within 600 ms (connectTimeout)"),
  });
});

test("helloTimeout bounds what follows, also below connectTimeout", async () => {
  const options = { connectTimeout: 20_000, limits: { helloTimeout: 50 } };
  const opened = connectTo((accept) => void accept(), options);
  expect(await opened).toMatchObject({ message: expect.stringContaining("no sshrpc preamble within 50 ms") });
});
