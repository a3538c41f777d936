import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Kvm } from "@nats-io/kv";
import { connectNats, type NatsKeyFilesOptions, natsKeyFiles } from "sshrpc/nats";
import { expect, onTestFinished, test } from "vitest";
import { describeWithNats, startNats, type TestNats } from "../../../support/nats.js";
import { makeKey, startBench, TestLog, tempDir } from "../ssh/support.js";
import { failure, until } from "../support/wait.js";

async function connected(nats: TestNats) {
  const connection = await connectNats({ servers: nats.url });
  onTestFinished(() => connection.close());
  return connection;
}

/** The bucket as an operator changes it, with a connection of its own. */
async function operator(nats: TestNats) {
  return new Kvm(await connected(nats)).create("sshrpc_keys", { history: 5 });
}

async function copying(nats: TestNats, options: NatsKeyFilesOptions) {
  const files = await natsKeyFiles(await connected(nats), options);
  onTestFinished(() => files.close());
  return files;
}

const textOf = (file: string): string => readFileSync(file, "utf8");

describeWithNats("lists of keys on NATS", () => {
  test("are copied to files of their owner alone, at the start and at each change", async () => {
    const nats = await startNats();
    const bucket = await operator(nats);
    await bucket.put("authorized_keys", "one\n");
    const files = await copying(nats, { directory: join(tempDir(), "keys") });
    expect(textOf(files.authorizedKeys)).toBe("one\n");
    expect(textOf(files.revokedKeys)).toBe("");
    expect(statSync(files.authorizedKeys).mode & 0o777).toBe(0o600);
    await bucket.put("authorized_keys", "two\n");
    await bucket.put("revoked_keys", "three\n");
    await until("both", () => textOf(files.authorizedKeys) === "two\n" && textOf(files.revokedKeys) === "three\n");
    await bucket.delete("authorized_keys");
    await until("the removal", () => textOf(files.authorizedKeys) === "");
    expect(textOf(files.revokedKeys)).toBe("three\n");
  });

  test("decide on two servers who is connected: a removed key, and a revoked one, lose their connections", async () => {
    const nats = await startNats();
    const bucket = await operator(nats);
    const [alice, bob] = [makeKey(tempDir(), "alice"), makeKey(tempDir(), "bob")];
    await bucket.put("authorized_keys", `${alice.line}\n${bob.line}\n`);
    const connections: { readonly key: string; readonly isEnded: () => boolean }[] = [];
    for (const _ of ["one", "two"]) {
      const { authorizedKeys, revokedKeys } = await copying(nats, { directory: tempDir() });
      const bench = await startBench({ authorizedKeys, revokedKeys });
      for (const [key, { file }] of Object.entries({ alice, bob })) {
        const duplex = await bench.dial({ identity: file });
        connections.push({ key, isEnded: () => duplex.resume().destroyed });
      }
    }
    const ended = (): string[] => connections.filter(({ isEnded }) => isEnded()).map(({ key }) => key);
    expect(ended()).toEqual([]);
    await bucket.put("revoked_keys", `${bob.line}\n`);
    await until("the end of bob's", () => ended().length === 2);
    expect(ended()).toEqual(["bob", "bob"]);
    await bucket.put("authorized_keys", "");
    await until("the end of all", () => ended().length === 4);
  });

  test("stay in force while NATS is away, also for a server that starts, and change when it is back", async () => {
    const nats = await startNats();
    const directory = tempDir();
    const bucket = await operator(nats);
    await bucket.put("authorized_keys", "one\n");
    await (await copying(nats, { directory })).close();
    const log = new TestLog();
    const other = await startNats({ config: ["accounts { A { users = [{ user: a, password: b }] } }"] });
    const connection = await connectNats({ servers: other.url.replace("//", "//a:b@") });
    onTestFinished(() => connection.close());
    const files = await natsKeyFiles(connection, { directory, log });
    expect(textOf(files.authorizedKeys)).toBe("one\n");
    const line = "the lists of keys on NATS cannot be copied: the last ones stay in force";
    expect(log.with(line)).toHaveLength(1);
    await files.close();
    const again = await copying(nats, { directory });
    await nats.stop();
    expect(textOf(again.authorizedKeys)).toBe("one\n");
    await nats.start();
    await (await operator(nats)).put("authorized_keys", "two\n");
    await until("the change", () => textOf(again.authorizedKeys) === "two\n");
  });

  test("are required at the first start", async () => {
    const other = await startNats({ config: ["accounts { A { users = [{ user: a, password: b }] } }"] });
    const connection = await connectNats({ servers: other.url.replace("//", "//a:b@") });
    onTestFinished(() => connection.close());
    const directory = tempDir();
    const error = await failure<Error>(natsKeyFiles(connection, { directory }));
    expect(error.message).toContain(
      `cannot copy the lists of keys in the bucket sshrpc_keys of NATS to ${directory}: `,
    );
    expect(await failure(natsKeyFiles(connection, {} as never))).toMatchObject({
      status: "BAD_REQUEST",
      message: "the option directory is missing",
    });
    expect(await failure(natsKeyFiles(connection, { directory: "/proc/x/keys" }))).toMatchObject({ code: "ENOENT" });
  });

  test("are not replaced by those of a new bucket, which has none", async () => {
    const nats = await startNats();
    const directory = tempDir();
    await (await operator(nats)).put("revoked_keys", "one\n");
    await (await copying(nats, { directory })).close();
    const files = await copying(await startNats(), { directory });
    expect(textOf(files.revokedKeys)).toBe("one\n");
  });
});
