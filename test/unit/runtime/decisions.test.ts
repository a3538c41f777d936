import { connectSsh } from "sshrpc/client";
import { type Api, bindHandlers } from "sshrpc/generated";
import { type ServeOptions, serveHandlers } from "sshrpc/server";
import { generateKeyPair } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { failure } from "./support/wait.js";

// What a rule or a look-up answers is checked as options are: an answer with a name of an earlier version must not deny without
// its reason, nor grant without a restriction.

const api: Api = { name: "test", version: "1.0.0", hash: "00", methods: [] };
const user = generateKeyPair();

/** Serves, and returns a function that connects, and the reasons in the log. */
async function serve(options: Partial<ServeOptions>) {
  const reasons: unknown[] = [];
  const record = (fields: object) => void reasons.push((fields as { reason?: unknown }).reason);
  const server = await serveHandlers(bindHandlers(api, {}), {
    host: "127.0.0.1",
    port: 0,
    hostKeys: { privateKey: generateKeyPair().privateKey },
    authorizedKeys: { lines: [user.publicKey] },
    authFailureDelay: 0,
    log: { debug() {}, info: record, warn: record, error: record },
    ...options,
  });
  onTestFinished(() => server.close());
  const connect = async (dial: object = { identity: { privateKey: user.privateKey } }) => {
    const common = { hostKey: server.fingerprints[0], sshConfig: false, agent: false };
    const ssh = await connectSsh(`ssh://alice@127.0.0.1:${server.port}`, { ...common, ...dial } as object);
    onTestFinished(() => ssh.close());
    return ssh;
  };
  return { server, connect, reasons };
}

const RENAMED = 'field "refused" was renamed to "deny"';
const PERMITS = 'field "permits" was renamed to "permissions"';
const byPassword = { identity: [], password: "open sesame" };

test.each<[string, object, object | undefined, string]>([
  ["authorizedKeys", () => ({ refused: "on leave" }), undefined, RENAMED],
  [
    "authorizedKeys",
    async () => ({ deny: "on leave", until: 1 }),
    undefined,
    'unknown field "until"; known fields: deny',
  ],
  ["authorizedKeys", () => ({ scopes: ["*"], permits: { pty: false } }), undefined, PERMITS],
  [
    "authorizedKeys",
    () => ({ scopes: ["*"], permissions: { portforwarding: false } }),
    undefined,
    'unknown field "permissions.portforwarding" (did you mean "permissions.portForwarding"?)',
  ],
  ["verifyPassword", () => ({ change: "too old" }), byPassword, 'field "change" was renamed to "changePassword"'],
  ["verifyPassword", () => ({ scopes: ["*"], permits: {} }), byPassword, PERMITS],
  ["keyboardInteractive", () => ({ scopes: ["*"], permits: {} }), { identity: [], prompts: () => [] }, PERMITS],
  ["anonymous", () => ({ scopes: ["*"], permits: {} }), byPassword, PERMITS],
])(
  "an answer of %s with an unknown field denies the login, and the log names the field",
  async (option, rule, dial, message) => {
    const { connect, reasons } = await serve({ authorizedKeys: () => undefined, [option]: rule });
    expect(await failure(connect(dial))).toMatchObject({ status: "UNAUTHENTICATED" });
    expect(reasons).toContainEqual(expect.stringContaining(message));
  },
);

test("an answer with an unknown field denies an open connection when it is authorized again", async () => {
  let answer: object = { scopes: ["*"] };
  const { server, connect, reasons } = await serve({ authorizedKeys: () => answer as never });
  await connect();
  answer = { refused: "on leave" };
  server.reauthorize();
  await expect.poll(() => reasons).toContainEqual(expect.stringContaining(RENAMED));
});

test("an answer of the session rule with an unknown field denies the session, and the log names the field", async () => {
  const { connect, reasons } = await serve({ session: () => ({ refused: "closed" }) as never });
  const ssh = await connect();
  expect(await ssh.run("GET /it")).toMatchObject({ exitCode: 5, stderrTail: "session rule failed\n" });
  expect(reasons).toContainEqual(`session rule failed: ${RENAMED}`);
});

test.each([
  [{ refuse: "closed" }, 'field "refuse" was renamed to "deny"'],
  [{ listen: () => {} }, 'unknown field "listen"; known fields: deny, serve'],
])("an answer %o of a forwarding rule denies the channel, and the log names the field", async (answer, message) => {
  const { connect, reasons } = await serve({ forwarding: { permitOpen: () => answer as never } });
  const ssh = await connect();
  expect(await failure(ssh.connectTcp("127.0.0.1", 1))).toMatchObject({
    message: expect.stringContaining("permitOpen rule failed"),
  });
  expect(reasons).toContainEqual(`permitOpen rule failed: ${message}`);
});
