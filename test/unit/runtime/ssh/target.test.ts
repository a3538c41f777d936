import { connect, type Socket } from "node:net";
import { userInfo } from "node:os";
import { connectSsh, type RpcError } from "sshrpc/client";
import { type Context, serveHandlers } from "sshrpc/server";
import { generateKeyPair } from "sshrpc/testing";
import { expect, it, onTestFinished } from "vitest";
import { handlersOf, method } from "../support/server.js";
import { failure, until } from "../support/wait.js";

const me = userInfo().username;
const [hostKey, key] = [generateKeyPair(), generateKeyPair()];
const OPTIONS = { identity: { privateKey: key.privateKey }, agent: false, sshConfig: false, jump: [] } as const;
const METHODS = [method("GET /who"), method("GET /wait")];
let waits = 0;
const HANDLERS = {
  "GET /who": (_: unknown, { peer }: Context) => peer.user,
  "GET /wait": () => {
    waits++;
    return new Promise(() => undefined);
  },
};

it.each([
  ["ssh://alice@edge:8022", "ssh://alice@edge:8022", "edge", 8022],
  ["SSH://alice@edge:8022/", "ssh://alice@edge:8022", "edge", 8022],
  ["alice@edge:8022", "ssh://alice@edge:8022", "edge", 8022],
  ["edge", `ssh://${me}@edge:22`, "edge", 22],
  ["ssh://edge", `ssh://${me}@edge:22`, "edge", 22],
  ["[::1]:8022", `ssh://${me}@[::1]:8022`, "::1", 8022],
  ["::1", `ssh://${me}@[::1]:22`, "::1", 22],
  ["ssh://alice@[::1]:22", "ssh://alice@[::1]:22", "::1", 22],
  ["ssh://alice@[fe80::1%eth0]:1", "ssh://alice@[fe80::1%eth0]:1", "fe80::1%eth0", 1],
  ["ssh://alice@[fe80::1%25eth0]:1", "ssh://alice@[fe80::1%eth0]:1", "fe80::1%eth0", 1],
  ["[fe80::1%25lo]", `ssh://${me}@[fe80::1%lo]:22`, "fe80::1%lo", 22],
  ["ssh://al%40ice@edge", "ssh://al%40ice@edge:22", "edge", 22],
  ["alice@example.com@edge", "ssh://alice%40example.com@edge:22", "edge", 22],
  ["bücher.example", `ssh://${me}@bücher.example:22`, "bücher.example", 22],
])("%s is the user, host and port of %s", async (text, address, host, port) => {
  const server = await serveHandlers(handlersOf(METHODS, HANDLERS), {
    ...{ host: "127.0.0.1", port: 0, log: false, hostKeys: { privateKey: hostKey.privateKey } },
    authorizedKeys: { lines: [key.publicKey] },
  });
  onTestFinished(() => server.close());
  let socket: Socket | undefined;
  const reached: { readonly host: string; readonly port: number }[] = [];
  const ssh = await connectSsh(text, {
    ...OPTIONS,
    hostKey: server.fingerprints,
    sock: ({ host, port }) => {
      reached.push({ host, port });
      socket = connect(server.port, "127.0.0.1");
      return socket;
    },
  });
  onTestFinished(() => ssh.close());
  expect(reached).toEqual([{ host, port }]);
  expect(JSON.parse((await ssh.run("GET /who")).stdout)).toBe(
    decodeURIComponent(/^ssh:\/\/([^@]+)@/.exec(address)?.[1] ?? ""),
  );
  const before = waits;
  const waiting = ssh.run("GET /wait");
  await until("the handler", () => waits > before);
  socket?.destroy();
  expect((await failure<RpcError>(waiting)).message).toContain(`the connection to ${address} was lost`);
});

/** The error of an address that is refused, before anything is connected. */
function refusal(address: string): Promise<RpcError> {
  const sock = () => {
    throw new Error("connected");
  };
  return failure<RpcError>(connectSsh(address, { ...OPTIONS, hostKey: () => true, sock }));
}

it.each([
  ["", /the host is missing/],
  ["ssh://", /the host is missing/],
  ["alice@", /the host is missing/],
  ["alice@:8022", /the host is missing/],
  ["@edge", /invalid user name/],
  ["edge:0", /the port must be a number from 1 to 65535/],
  ["edge:65536", /the port must be/],
  ["edge:", /the port must be/],
  ["edge:08022", /the port must be/],
  ["010.0.0.1", /neither a name nor an address/],
  ["10.0.0.256:22", /neither a name nor an address/],
  ["edge:22x", /the port must be/],
  ["http://edge", /the scheme must be ssh:/],
  ["ssh://edge/path", /the host is neither/],
  ["[edge]:22", /neither a name nor an address/],
  ["-oProxyCommand=x", /neither a name nor an address/],
  ["-l@edge", /invalid user name/],
  ["ed ge", /neither a name nor an address/],
  ["edge\n", /neither a name nor an address/],
  ["ssh://%zz@edge", /invalid percent-encoding in the user name/],
])("rejects %j in one line", async (text, reason) => {
  const error = await refusal(text);
  expect(error).toMatchObject({ status: "BAD_REQUEST", message: expect.stringMatching(reason) });
  expect(error.message).toMatch(/^[^\n]*$/);
});

it("rejects a password in an address without quoting it", async () => {
  const error = await refusal("ssh://alice:secret@edge");
  expect(error.message).toMatch(/password/);
  expect(error.message).not.toMatch(/secret/);
});

it("rejects another scheme by its name, without quoting a password", async () => {
  const error = await refusal("http://alice:secret@edge:8022");
  expect(error.message).toMatch(
    /^invalid address "http:\/\/…": the scheme must be ssh:\/\/ or absent; write an address such as /,
  );
});
