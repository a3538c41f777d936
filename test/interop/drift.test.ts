import { type ServeOptions, serveHandlers } from "sshrpc/server";
import { generateKeyPair } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { makeKey, tempDir, write } from "../unit/runtime/ssh/support.js";
import { connectDrifting, drifting, handling } from "../unit/runtime/support/drifting.js";
import { TestLog } from "../unit/runtime/support/server.js";
import { until } from "../unit/runtime/support/wait.js";
import { run } from "./run.js";
import { sshOptions } from "./sshd.js";
import { itWith } from "./stock.js";

const OLD = drifting({ "GET /same": {}, "GET /changed": {} }, { version: "1.0.0", hash: "aaaaaaaaaaaaaaaa" });
const NEW = drifting(
  { "GET /same": {}, "GET /changed": { response: { type: "integer" } }, "GET /secret": { scope: "secret" } },
  { version: "2.0.0", hash: "bbbbbbbbbbbbbbbb" },
);

async function serve(options: Partial<ServeOptions> = {}) {
  const directory = tempDir();
  const [host, alice] = [generateKeyPair(), makeKey(directory, "alice")];
  const log = new TestLog();
  const server = await serveHandlers(handling(NEW, { "GET /changed": 7 }), {
    port: 0,
    log,
    hostKeys: { privateKey: host.privateKey },
    authorizedKeys: { lines: [alice.line] },
    ...options,
  });
  onTestFinished(() => server.close());
  const knownHosts = write(directory, "known_hosts", `[127.0.0.1]:${server.port} ${host.publicKey}\n`);
  return { server, log, alice, knownHosts, address: `ssh://alice@127.0.0.1:${server.port}` };
}

test("over SSH, the client names the method that differs, and the server logs the client once", async () => {
  const { address, alice, knownHosts, log } = await serve();
  const options = { identity: alice.file, knownHosts, agent: false, sshConfig: false } as const;
  for (const policy of ["warn", "refuse"] as const) {
    const { client, drifts, call, fails } = await connectDrifting(OLD, address, { ...options, contractDrift: policy });
    await until("the report", () => drifts.length > 0);
    expect(drifts).toMatchObject([{ compared: true, different: ["GET /changed"], missing: [], hidden: [] }]);
    expect(await call("GET /same")).toBe("GET /same");
    expect((await fails("GET /changed")).status).toBe(policy === "refuse" ? "UNIMPLEMENTED" : "INTERNAL");
    await client.close();
  }
  const lines = () => log.lines.filter(({ message }) => message === "the client has another contract");
  await until("the line", () => lines().length > 0);
  expect(lines()).toMatchObject([
    {
      level: "info",
      fields: {
        fingerprint: alice.publicKey.fingerprint,
        client: "drifting 1.0.0 (hash aaaaaaaaaaaa)",
        server: "drifting 2.0.0 (hash bbbbbbbbbbbb)",
      },
    },
  ]);
});

itWith(["ssh"], "over the ssh program as transport, too", async () => {
  const { address, alice, knownHosts } = await serve();
  const { client, drifts, fails } = await connectDrifting(OLD, address, {
    transport: "openssh",
    contractDrift: "refuse",
    openssh: { args: ["-F", "none", "-o", `UserKnownHostsFile=${knownHosts}`, "-o", "IdentitiesOnly=yes"] },
    identity: alice.file,
  });
  expect(drifts).toMatchObject([{ different: ["GET /changed"] }]);
  expect(await fails("GET /changed")).toMatchObject({ status: "UNIMPLEMENTED" });
  await client.close();
});

itWith(["ssh"], "ssh host GET /sshrpc/methods prints the hashes of the methods that the key may call", async () => {
  const { server, alice, knownHosts } = await serve();
  const ssh = [...sshOptions({ knownHosts, identity: alice.file, port: server.port }), "alice@127.0.0.1"];
  const { stdout } = await run("ssh", [...ssh, "GET /sshrpc/methods"]);
  const { methods, hidden, ...contract } = JSON.parse(stdout);
  expect(contract).toEqual({ name: "drifting", version: "2.0.0", hash: "bbbbbbbbbbbbbbbb" });
  expect(methods).toEqual({ "GET /same": expect.stringMatching(/^[0-9a-f]{32}$/), "GET /changed": expect.any(String) });
  expect(hidden).toEqual([]);
  const asked = await run("ssh", [...ssh, `GET /sshrpc/methods '{"methods":["GET /secret","GET /none"]}'`]);
  expect(JSON.parse(asked.stdout)).toMatchObject({ methods: {}, hidden: ["GET /secret"] });
});
