import { join } from "node:path";
import { connectNats, type NatsOptions } from "sshrpc/nats";
import { expect, onTestFinished, test } from "vitest";
import { describeWithNats, startNats } from "../../../support/nats.js";
import { freePort, TestLog, tempDir, write } from "../ssh/support.js";
import { failure, until } from "../support/wait.js";

async function connected(options: NatsOptions) {
  const connection = await connectNats(options);
  onTestFinished(() => connection.close());
  return connection;
}

describeWithNats("a connection to NATS", () => {
  test("waits for a server that is down, and for no longer than its timeout", async () => {
    const nats = await startNats();
    await nats.stop();
    const error = await failure<Error>(connectNats({ servers: nats.url, connectTimeout: 300 }));
    expect(error.message).toMatch(/^cannot connect to NATS at 127\.0\.0\.1:\d+: /);
    const connecting = connected({ servers: nats.url });
    await nats.start();
    expect((await connecting).isClosed()).toBe(false);
  });

  test("is re-established after the server was away, and logs both", async () => {
    const [nats, log] = [await startNats(), new TestLog()];
    const connection = await connected({ servers: [nats.url], log });
    await nats.stop();
    await until("the loss", () =>
      log.lines.some(({ message }) => message === "the connection to NATS is lost; reconnecting"),
    );
    await nats.start();
    await until("the return", () =>
      log.lines.some(({ message }) => message === "the connection to NATS is re-established"),
    );
    await connection.flush();
  });

  test("proves its user by a password, a token or the seed of an nkey in a file", async () => {
    const seed = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
    const user = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";
    const byPassword = await startNats({ config: ["authorization { users = [{ user: a, password: 's/1' }] }"] });
    const withPassword = (password: string) => byPassword.url.replace("//", `//a:${password}@`);
    await connected({ servers: withPassword("s%2F1") });
    const error = await failure<Error>(connectNats({ servers: withPassword("wrong") }));
    expect(error.message).toMatch(/Authorization Violation/);
    expect(error.message).not.toContain("wrong");
    const byToken = await startNats({ config: ["authorization { token: sesame }"] });
    await connected({ servers: byToken.url.replace("//", "//sesame@") });
    const byKey = await startNats({ config: [`authorization { users = [{ nkey: ${user} }] }`] });
    await connected({ servers: byKey.url, credentials: write(tempDir(), "nkey", `${seed}\n`) });
  });

  test("logs that NATS refuses a subject", async () => {
    const user = "{ user: a, password: b, permissions: { publish: { deny: secret } } }";
    const nats = await startNats({ config: [`authorization { users = [${user}] }`] });
    const log = new TestLog();
    const connection = await connected({ servers: nats.url.replace("//", "//a:b@"), log });
    connection.publish("secret");
    const [line] = await until("the line", () => log.with("NATS reports an error").length > 0 && log.lines);
    expect(`${line?.fields["err"]}`).toContain("Permissions Violation");
  });

  test.each([
    [{ servers: [] }, "no NATS server"],
    [{ servers: "http://a:secret@b" }, "not the URL of a NATS server"],
    [{ servers: "nats://u:p@b", credentials: "file" }, "give one of them"],
    [{ servers: "nats://b", server: "x" }, 'unknown option "server"'],
    [{ servers: "nats://b", connectTimeout: 0 }, "option connectTimeout"],
  ])("refuses the options %j", async (options, message) => {
    const error = await failure<Error>(connectNats(options as NatsOptions));
    expect(error).toMatchObject({ status: "BAD_REQUEST", message: expect.stringContaining(message) });
    expect(error.message).not.toContain("secret");
  });

  test("names a file of credentials that has none, and one that is missing", async () => {
    const file = write(tempDir(), "creds", "nothing");
    const servers = `nats://127.0.0.1:${await freePort()}`;
    expect(await failure<Error>(connectNats({ servers, credentials: file }))).toMatchObject({
      message: `credentials ${file}: neither a .creds file of NATS nor the seed of a user's nkey (SU…)`,
    });
    const missing = join(tempDir(), "missing");
    expect((await failure<Error>(connectNats({ servers, credentials: missing }))).message).toContain(missing);
  });
});
