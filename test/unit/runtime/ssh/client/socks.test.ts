import { connect } from "node:net";
import { expect, it } from "vitest";
import { open } from "../../../../interop/client.js";
import { type Bench, failure, startBench, startTcp } from "../support.js";

/** Starts a SOCKS proxy that answers each message of its client with the next of these bytes, and then forwards to `to`. */
async function startProxy(answers: readonly (readonly number[])[], to?: number) {
  const received: number[][] = [];
  const port = await startTcp((socket) => {
    socket.on("data", (chunk) => {
      const answer = answers[received.length];
      received.push([...chunk]);
      if (answer !== undefined) socket.write(Buffer.from(answer));
      if (received.length < answers.length || to === undefined) return;
      socket.removeAllListeners("data");
      const target = connect(to, "127.0.0.1").on("error", () => {});
      socket.pipe(target).pipe(socket);
    });
  });
  return { port, received };
}

const dial = ({ alice, hostKey, listener }: Bench, proxy: string, host = "127.0.0.1") =>
  open(`ssh://alice@${host}:${listener.port}`, {
    ...{ identity: alice.file, agent: false, sshConfig: false, proxy },
    hostKey: hostKey.publicKey.fingerprint,
  });

const ascii = (text: string) => [text.length, ...Buffer.from(text)];

it.each<[string, readonly (readonly number[])[], string]>([
  ["another version", [[4, 0]], "not a SOCKS 5 proxy"],
  ["no method", [[5, 255]], "it accepts no authentication method of this client"],
  ["a method that needs a password", [[5, 2]], "it accepts no authentication method of this client"],
  ...[
    "general failure",
    "connection not allowed by its rules",
    "network unreachable",
    "host unreachable",
    "connection refused",
    "TTL expired",
    "command not supported",
    "address type not supported",
    "reply 9",
  ].map((text, index): [string, number[][], string] => [
    `reply ${index + 1}`,
    [
      [5, 0],
      [5, index + 1, 0, 1, 0, 0, 0, 0, 0, 0],
    ],
    `cannot connect to 127.0.0.1:PORT: ${text}`,
  ]),
])("names the proxy and the reason where it answers with %s", async (_, answers, reason) => {
  const bench = await startBench();
  const { port } = await startProxy(answers);
  expect(await failure(dial(bench, `socks5://127.0.0.1:${port}`))).toMatchObject({
    status: "UNAVAILABLE",
    message: `the SOCKS proxy 127.0.0.1:${port}: ${reason.replace("PORT", `${bench.listener.port}`)}`,
  });
});

it.each<[string, readonly number[]]>([
  ["an IPv4 address", [1, 10, 0, 0, 1, 4, 56]],
  ["an IPv6 address", [4, ...Array<number>(16).fill(9), 4, 56]],
  ["a name", [3, ...ascii("proxy.example"), 4, 56]],
])("connects through a proxy that reports %s as its own", async (_, bound) => {
  const bench = await startBench();
  const { port, received } = await startProxy(
    [
      [5, 0],
      [5, 0, 0, ...bound],
    ],
    bench.listener.port,
  );
  await dial(bench, `socks5://127.0.0.1:${port}`);
  await expect.poll(() => bench.accepted).toHaveLength(1);
  const { port: to } = bench.listener;
  expect(received.slice(0, 2)).toEqual([
    [5, 1, 0],
    [5, 1, 0, 1, 127, 0, 0, 1, to >> 8, to & 255],
  ]);
});

it("sends the user and the password, and the name of the host, which the proxy resolves", async () => {
  const bench = await startBench();
  const answers = [
    [5, 2],
    [1, 0],
    [5, 0, 0, 1, 0, 0, 0, 0, 0, 0],
  ];
  const { port, received } = await startProxy(answers, bench.listener.port);
  await dial(bench, `socks5h://me:pa%20ss@127.0.0.1:${port}`, "edge");
  const { port: to } = bench.listener;
  expect(received.slice(0, 3)).toEqual([
    [5, 2, 0, 2],
    [1, ...ascii("me"), ...ascii("pa ss")],
    [5, 1, 0, 3, ...ascii("edge"), to >> 8, to & 255],
  ]);
  const rejecting = await startProxy([
    [5, 2],
    [1, 1],
  ]);
  const error = await failure(dial(bench, `socks5://me:secret@127.0.0.1:${rejecting.port}`));
  expect(error.message).toBe(`the SOCKS proxy 127.0.0.1:${rejecting.port}: it rejected the user or the password`);
});

it("limits user and password to 255 bytes each, which the protocol can carry", async () => {
  const bench = await startBench();
  const { port } = await startProxy([[5, 255]]);
  const proxy = (user: number, password: number) =>
    `socks5://${"u".repeat(user)}:${"p".repeat(password)}@127.0.0.1:${port}`;
  expect((await failure(dial(bench, proxy(255, 255)))).message).toContain("it accepts no authentication method");
  for (const [user, password] of [
    [256, 1],
    [1, 256],
  ] as const) {
    expect(await failure(dial(bench, proxy(user, password)))).toMatchObject({
      status: "BAD_REQUEST",
      message: "option proxy: user and password may have at most 255 bytes each",
    });
  }
});
