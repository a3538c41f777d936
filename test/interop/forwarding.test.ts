import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Forwarding } from "sshrpc/server";
import { expect, onTestFinished } from "vitest";
import { type Bench, freePort, readBytes, startBench, startTcp } from "../unit/runtime/ssh/support.js";
import { itWith, PYTHON } from "./stock.js";

/** Starts the stock client with the files of the bench, without a session (`ssh -N`). It ends with the test. */
function startSsh(
  bench: Bench,
  options: readonly string[],
): { readonly process: ChildProcess; readonly errors: () => string } {
  const args = ["-F", "none", "-N", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"];
  args.push("-o", `UserKnownHostsFile=${bench.knownHosts}`, "-o", "StrictHostKeyChecking=yes", "-i", bench.alice.file);
  args.push("-o", "ExitOnForwardFailure=yes", "-p", String(bench.listener.port), ...options, "alice@127.0.0.1");
  const child = spawn("ssh", args, { stdio: ["pipe", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  onTestFinished(() => void child.kill());
  return { process: child, errors: () => errors };
}

/** Sends a text to a target, and returns its answer. */
async function ask(target: { port: number; host?: string } | { path: string }, text: string): Promise<string> {
  const socket = connect(target);
  socket.end(text);
  return gather(socket);
}

async function gather(socket: Socket): Promise<string> {
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk;
  });
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("close", resolve));
  return answer;
}

/** A server that answers with the received text in capitals, once that has ended. */
function startShouter(): Promise<number> {
  return startTcp((socket) => {
    socket.allowHalfOpen = true;
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("end", () => socket.end(text.toUpperCase()));
  });
}

async function startUnixShouter(path: string): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let text = "";
    socket
      .on("error", () => {})
      .on("data", (chunk) => {
        text += chunk;
      });
    socket.on("end", () => socket.end(text.toUpperCase()));
  });
  server.listen(path);
  await once(server, "listening");
  onTestFinished(() => void server.close());
}

function forwarding(rules: Forwarding): Promise<Bench> {
  return startBench({ forwarding: rules });
}

/** Waits until the target is listening, and sends a text. */
async function askLater(target: Parameters<typeof ask>[0], text: string): Promise<string> {
  await expect.poll(() => reachable(target)).toBe(true);
  return ask(target, text);
}

function reachable(target: Parameters<typeof ask>[0]): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(target);
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

const big = "some text ".repeat(300_000);

itWith(["ssh"], "ssh -L reaches permitted targets, completely in both directions, and no others", async () => {
  const target = await startShouter();
  const other = await startShouter();
  const bench = await forwarding({ permitOpen: [`127.0.0.1:${target}`] });
  const [good, bad] = [await freePort(), await freePort()];
  startSsh(bench, ["-L", `127.0.0.1:${good}:127.0.0.1:${target}`, "-L", `127.0.0.1:${bad}:127.0.0.1:${other}`]);
  expect(await askLater({ port: good }, "hello")).toBe("HELLO");
  expect((await ask({ port: good }, big)) === big.toUpperCase()).toBe(true);
  expect(await ask({ port: bad }, "hello")).toBe("");
  expect(bench.log.with("forwarding refused")[0]?.fields).toMatchObject({
    user: "alice",
    kind: "direct-tcpip",
    to: `127.0.0.1:${other}`,
    reason: "not permitted",
  });
  await expect
    .poll(() => bench.log.with("forwarded connection ended").map(({ fields }) => fields))
    .toContainEqual(expect.objectContaining({ to: `127.0.0.1:${target}`, bytesIn: big.length, bytesOut: big.length }));
});

itWith(["ssh"], "ssh -W pipes its input and output, and reports a refused connection", async () => {
  const target = await startShouter();
  const closed = await freePort();
  const bench = await forwarding({ permitOpen: ["127.0.0.1:*"] });
  const good = startSsh(bench, ["-W", `127.0.0.1:${target}`]).process;
  let answer = "";
  good.stdout?.on("data", (chunk) => {
    answer += chunk;
  });
  good.stdin?.end("through and through");
  await once(good, "close");
  expect(answer).toBe("THROUGH AND THROUGH");
  const bad = startSsh(bench, ["-W", `127.0.0.1:${closed}`]);
  await once(bad.process, "close");
  expect(bad.errors()).toContain("ECONNREFUSED");
});

/** Sends a text through a SOCKS proxy (RFC 1928); returns the answer, or "" where the proxy does not reach the target. */
async function askThrough(proxy: number, host: string, port: number, text: string): Promise<string> {
  const socket = connect(proxy);
  const read = (size: number): Promise<Buffer> => readBytes(socket, size);
  socket.write(Buffer.from([5, 1, 0]));
  await read(2);
  socket.write(Buffer.from([5, 1, 0, 3, host.length, ...Buffer.from(host), port >> 8, port & 255]));
  const refused = await read(10).then(
    (reply) => reply[1] !== 0,
    () => true,
  );
  if (refused) return "";
  socket.end(text);
  return gather(socket);
}

itWith(["ssh"], "ssh -D is a SOCKS proxy to permitted targets", async () => {
  const target = await startShouter();
  const bench = await forwarding({ permitOpen: [`localhost:${target}`] });
  const proxy = await freePort();
  startSsh(bench, ["-D", `127.0.0.1:${proxy}`]);
  await expect.poll(() => reachable({ port: proxy })).toBe(true);
  expect(await askThrough(proxy, "localhost", target, "hello")).toBe("HELLO");
  // The same machine under a name that is not listed.
  expect(await askThrough(proxy, "127.0.0.1", target, "hello")).toBe("");
});

itWith(["ssh"], "ssh -R listens on a permitted port of loopback, until its connection closes", async () => {
  const target = await startShouter();
  const bench = await forwarding({ permitListen: ["*:*"] });
  const port = await freePort();
  const { process } = startSsh(bench, ["-R", `*:${port}:127.0.0.1:${target}`]);
  expect(await askLater({ port }, "hello")).toBe("HELLO");
  expect((await ask({ port }, big)) === big.toUpperCase()).toBe(true);
  process.kill();
  await expect.poll(() => reachable({ port })).toBe(false);
  expect(bench.log.with("listening for a peer")[0]?.fields).toMatchObject({ kind: "tcpip-forward", port });
});

itWith(["ssh"], "ssh -R gets a free port if port 0 is permitted, and is refused another", async () => {
  const target = await startShouter();
  const bench = await forwarding({ permitListen: ["localhost:0"] });
  const { errors } = startSsh(bench, ["-R", `0:127.0.0.1:${target}`]);
  await expect.poll(errors).toMatch(/Allocated port \d+ /);
  const port = Number(/Allocated port (\d+)/.exec(errors())?.[1]);
  expect(await ask({ port }, "hello")).toBe("HELLO");
  const taken = await freePort();
  const refused = startSsh(bench, ["-R", `${taken}:127.0.0.1:${target}`]);
  await once(refused.process, "close");
  expect(refused.errors()).toContain("remote port forwarding failed");
});

itWith(["ssh"], "ssh forwards unix sockets in both directions, with mode 0600", async () => {
  const bench = await startBench();
  const { directory } = bench;
  const there = join(directory, "there");
  const here = join(directory, "here");
  const listened = join(directory, "listened");
  await startUnixShouter(there);
  const permitted = await forwarding({ permitOpenUnix: [there], permitListenUnix: [listened] });
  startSsh(permitted, ["-L", `${here}:${there}`, "-R", `${listened}:${there}`]);
  expect(await askLater({ path: here }, "hello")).toBe("HELLO");
  expect(await askLater({ path: listened }, "hello")).toBe("HELLO");
  expect(statSync(listened).mode & 0o777).toBe(0o600);
  const other = startSsh(permitted, ["-R", `${join(directory, "other")}:${there}`]);
  await once(other.process, "close");
  expect(other.errors()).toContain("remote port forwarding failed");
  expect(existsSync(join(directory, "other"))).toBe(false);
});

itWith(["ssh"], "the options of a key narrow what the server permits", async () => {
  const target = await startShouter();
  const { alice } = await startBench();
  /** Runs `ssh` with `args` and a key with these options, and connects to `port`. */
  const attempt = async (options: string, args: (port: number) => string) => {
    const limited = await startBench({
      forwarding: { permitOpen: ["*:*"], permitListen: ["*:*"] },
      authorizedKeys: { lines: [`${options} ${alice.line}`] },
    });
    const port = await freePort();
    const ssh = startSsh({ ...limited, alice }, args(port).split(" "));
    const refused = once(ssh.process, "close").then(() => "refused");
    try {
      return await Promise.race([refused, askLater({ port }, "x")]);
    } finally {
      ssh.process.kill();
    }
  };
  const local = (port: number) => `-L 127.0.0.1:${port}:127.0.0.1:${target}`;
  const remote = (port: number) => `-R ${port}:127.0.0.1:${target}`;
  expect(await attempt(`permitopen="127.0.0.1:${target}"`, local)).toBe("X");
  expect(await attempt('permitopen="127.0.0.1:1"', local)).toBe("");
  expect(await attempt("restrict", local)).toBe("");
  expect(await attempt("restrict,port-forwarding", local)).toBe("X");
  expect(await attempt("no-port-forwarding", remote)).toBe("refused");
  expect(await attempt('permitlisten="localhost:*"', remote)).toBe("X");
  expect(await attempt('permitlisten="1.2.3.4:*"', remote)).toBe("refused");
});

/** Runs a Python script with an asyncssh `connection`, and returns its output. */
async function runAsyncssh(bench: Bench, script: string): Promise<string> {
  const program = `
import asyncio, asyncssh
async def main():
    async with asyncssh.connect("127.0.0.1", ${bench.listener.port}, username="alice", client_keys=["${bench.alice.file}"],
                                known_hosts="${bench.knownHosts}", config=None) as connection:
${script.replace(/^/gm, "        ")}
asyncio.run(asyncio.wait_for(main(), 40))
`;
  const child = spawn(PYTHON, ["-W", "ignore", "-c", program]);
  onTestFinished(() => void child.kill());
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk) => {
    output += chunk;
  });
  await once(child, "close");
  return output;
}

itWith(
  ["python3-asyncssh"],
  "asyncssh opens connections to ports and unix sockets, and gets the reason of a denial",
  async () => {
    const target = await startShouter();
    const { directory } = await startBench();
    const path = join(directory, "socket");
    await startUnixShouter(path);
    const bench = await forwarding({
      permitOpen: ({ port }) => (port === target ? true : { deny: "not on a Sunday" }),
      permitOpenUnix: [path],
    });
    const output = await runAsyncssh(
      bench,
      `
for opened in (connection.open_connection("127.0.0.1", ${target}), connection.open_unix_connection("${path}")):
    reader, writer = await opened
    writer.write(b"hello")
    writer.write_eof()
    print((await reader.read()).decode())
try:
    await connection.open_connection("127.0.0.1", 1)
except asyncssh.ChannelOpenError as error:
    print(error.code, error.reason)
try:
    await connection.open_unix_connection("${path}2")
except asyncssh.ChannelOpenError as error:
    print(error.code, repr(error.reason))
`,
    );
    expect(output.split("\n")).toEqual(["HELLO", "HELLO", "1 not on a Sunday", "1 'not permitted'", ""]);
  },
);

itWith(["python3-asyncssh"], "asyncssh opens a listener, cancels it, and uses one that a rule created", async () => {
  const { directory } = await startBench();
  const path = join(directory, "socket");
  const closed: string[] = [];
  const bench = await forwarding({
    permitListen: ["*"],
    permitListenUnix: () => ({
      // This listener does not listen: it opens a channel itself once the client has registered its request.
      listen: async (open) => {
        const speak = async (tries: number): Promise<void> => {
          await delay(200);
          const stream = await open().catch((error: Error) => (tries > 0 ? undefined : Promise.reject(error)));
          if (stream === undefined) await speak(tries - 1);
          else stream.end("from the rule");
        };
        void speak(20);
        return { close: () => void closed.push("closed") };
      },
    }),
  });
  const output = await runAsyncssh(
    bench,
    `
def greet(host, port):
    def handle(reader, writer):
        async def run():
            data = await reader.read()
            writer.write(b"received " + data)
            writer.close()
        asyncio.ensure_future(run())
    return lambda reader, writer: handle(reader, writer)
listener = await connection.start_server(greet, "", 0, encoding=None)
reader, writer = await asyncio.open_connection("127.0.0.1", listener.get_port())
writer.write(b"hello")
writer.write_eof()
print((await reader.read()).decode())
port = listener.get_port()
listener.close()
await listener.wait_closed()
try:
    for _ in range(100):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        await asyncio.sleep(0.05)
    print("still there")
except OSError:
    print("gone")
got = asyncio.get_running_loop().create_future()
def take():
    def handle(reader, writer):
        async def run():
            got.set_result(await reader.read())
        asyncio.ensure_future(run())
    return handle
own = await connection.start_unix_server(take, "${path}", encoding=None)
print((await got).decode())
own.close()
await own.wait_closed()
`,
  );
  expect(output.split("\n")).toEqual(["received hello", "gone", "from the rule", ""]);
  await expect.poll(() => closed).toEqual(["closed"]);
  expect(existsSync(path)).toBe(false);
});
