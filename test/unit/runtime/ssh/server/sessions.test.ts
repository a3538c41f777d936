import { randomBytes } from "node:crypto";
import type ssh2 from "ssh2";
import { expect, it } from "vitest";
import { rawClient } from "../raw-client.js";
import {
  type Bench,
  type BenchOptions,
  execHandler,
  failure,
  readText,
  shellHandler,
  startBench,
  subsystemHandler,
} from "../support.js";

type Session = Parameters<Parameters<typeof execHandler>[0]>[0];

/** A server that runs `run` for each command. */
function serving(run: (session: Session, command: string) => void, options: BenchOptions = {}) {
  return startBench(options, undefined, [execHandler(run), shellHandler((session) => run(session, "the shell"))]);
}

interface Command {
  readonly channel: ssh2.ClientChannel;
  readonly outcome: Promise<{ out: string; error: string; status: unknown }>;
}

/** Starts a command, and collects its outcome from the start, because it may arrive at once. */
function exec(client: ssh2.Client, command: string, options: ssh2.ExecOptions = {}): Promise<Command> {
  return new Promise((resolve, reject) =>
    client.exec(command, options, (error, channel) =>
      error ? reject(error) : resolve({ channel, outcome: outcome(channel) }),
    ),
  );
}

/** Starts a shell, and resolves with its outcome. */
function shell(client: ssh2.Client): ReturnType<typeof outcome> {
  return new Promise((resolve, reject) =>
    client.shell((error, channel) => (error ? reject(error) : resolve(outcome(channel)))),
  );
}

async function outcome(channel: ssh2.ClientChannel): Promise<{ out: string; error: string; status: unknown }> {
  let status: unknown;
  channel.on("exit", (code: unknown) => {
    status = code;
  });
  const closed = new Promise((resolve) => channel.once("close", resolve));
  const [out, error] = await Promise.all([readText(channel), readText(channel.stderr as never)]);
  await closed;
  return { out, error, status };
}

/** The private protocol object of ssh2: it sends messages by the channel number of the server. */
function protocolOf(client: ssh2.Client): Record<string, (channel: number) => void> {
  return (client as unknown as { _protocol: Record<string, (channel: number) => void> })._protocol;
}

async function run(bench: Bench, command: string, options?: ssh2.ExecOptions) {
  return (await exec(await rawClient(bench), command, options)).outcome;
}

it("passes the command line and the peer to the handler, and output, errors and exit status to the client", async () => {
  const bench = await serving(async (session, command) => {
    session.stream.write(`${session.peer.user} runs ${command}`);
    await session.writeError("careful");
    await session.exit(7);
  });
  expect(await run(bench, "GET /hello")).toEqual({ out: "alice runs GET /hello", error: "careful", status: 7 });
});

it("sends the exit status after the output has ended", async () => {
  const bench = await serving((session) => {
    session.stream.end("done", () => void session.exit(3));
  });
  expect(await run(bench, "x")).toEqual({ out: "done", error: "", status: 3 });
});

it("keeps output and errors complete and in order when both exceed the window", async () => {
  const out = randomBytes(3_000_000).toString("base64");
  const errors = randomBytes(2_000_000).toString("base64");
  const bench = await serving(async (session) => {
    session.stream.write(out);
    void session.writeError(errors);
    session.stream.write(out);
    await session.writeError("last");
    await session.exit(0);
  });
  const result = await run(bench, "x");
  expect(result.status).toBe(0);
  expect(result.out === out + out).toBe(true);
  expect(result.error === `${errors}last`).toBe(true);
});

it("continues the output after the end of the input", async () => {
  const bench = await serving(async (session) => {
    const text = await readText(session.stream);
    session.stream.write(text.toUpperCase());
    await session.exit(0);
  });
  const { channel, outcome } = await exec(await rawClient(bench), "x");
  channel.end("all of the input");
  expect(await outcome).toEqual({ out: "ALL OF THE INPUT", error: "", status: 0 });
});

it("aborts the signal and closes the stream when the client disconnects", async () => {
  const sessions: Session[] = [];
  const bench = await serving((session) => void sessions.push(session));
  const client = await rawClient(bench);
  await exec(client, "x");
  const [session] = sessions as [Session];
  expect(session.signal.aborted).toBe(false);
  client.destroy();
  await expect.poll(() => session.signal.aborted).toBe(true);
  expect(session.stream.destroyed).toBe(true);
  // Neither hangs or throws.
  await session.writeError("too late");
  await session.exit(1);
});

it("aborts the signal with unread input, and when only the channel is closed", async () => {
  const sessions: Session[] = [];
  const bench = await serving((session) => void sessions.push(session));
  const client = await rawClient(bench);
  for (let round = 0; round < 2; round++) {
    const { channel } = await exec(client, "x");
    channel.end("never read");
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (round === 0) channel.close();
    else client.end();
    await expect.poll(() => sessions[round]?.signal.aborted).toBe(true);
    expect(sessions[round]?.stream.destroyed).toBe(true);
  }
});

it("accepts environment variables that begin with RPC_, up to the limits, and no others", async () => {
  const seen: ReadonlyMap<string, string>[] = [];
  const bench = await serving((session) => {
    seen.push(session.environment);
    void session.exit(0);
  });
  await run(bench, "x", { env: { RPC_TRACE: "abc", LD_PRELOAD: "evil.so", rpc_x: "1", "RPC_A B": "1" } });
  const env = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`RPC_${index}`, "1"]));
  await run(bench, "x", { env });
  await run(bench, "x", { env: { RPC_BIG: "x".repeat(20_000), RPC_MORE: "x".repeat(20_000), RPC_SMALL: "y" } });
  expect([...(seen[0] as ReadonlyMap<string, string>)]).toEqual([["RPC_TRACE", "abc"]]);
  expect(seen[1]?.size).toBe(64);
  expect([...(seen[2] as ReadonlyMap<string, string>).keys()]).toEqual(["RPC_BIG", "RPC_SMALL"]);
});

it("accepts 32 KiB of environment and names of 64 characters, and not one more", async () => {
  const seen: string[][] = [];
  const bench = await serving((session) => {
    seen.push([...session.environment.keys()]);
    void session.exit(0);
  });
  const most = 32 * 1024 - "RPC_A".length;
  await run(bench, "x", { env: { RPC_A: "x".repeat(most), RPC_B: "" } });
  await run(bench, "x", { env: { RPC_A: "x".repeat(most + 1), RPC_B: "" } });
  const [longest, longer] = [`RPC_${"A".repeat(60)}`, `RPC_${"A".repeat(61)}`];
  await run(bench, "x", { env: { [longest]: "", [longer]: "" } });
  expect(seen).toEqual([["RPC_A"], ["RPC_B"], [longest]]);
});

it("refuses agent and X11 forwarding", async () => {
  const bench = await serving((session) => void session.exit(0));
  const client = await rawClient(bench);
  expect((await failure(exec(client, "x", { x11: true }))).message).toMatch(/Unable to request X11/);
  // The client requests agent forwarding only where it has an agent.
  (client as unknown as { config: { allowAgentFwd: boolean } }).config.allowAgentFwd = true;
  expect((await failure(exec(client, "x"))).message).toMatch(/Unable to request agent forwarding/);
});

it("delivers terminal, window changes and signals to a shell, also after the end of its input", async () => {
  const events: unknown[] = [];
  const bench = await serving((session) => {
    const size = () => events.push([session.terminal?.type, session.terminal?.columns, session.terminal?.rows]);
    size();
    session.onResize(size);
    session.onSignal((name) => {
      events.push(name);
      void session.exit(0);
    });
  });
  const client = await rawClient(bench);
  const channel = await new Promise<ssh2.ClientChannel>((resolve, reject) =>
    client.shell({ term: "xterm-256color", cols: 100, rows: 30 }, (error, opened) =>
      error ? reject(error) : resolve(opened),
    ),
  );
  const end = outcome(channel);
  channel.setWindow(50, 132, 0, 0);
  channel.setWindow(4_000_000_000, 0, 0, 0);
  // Not end(): an ssh2 client does not send signals after it.
  (channel as unknown as { _client: { _protocol: Record<string, (id: number) => void> } })._client._protocol[
    "channelEOF"
  ]?.((channel as unknown as { outgoing: { id: number } }).outgoing.id);
  channel.signal("INT");
  expect((await end).status).toBe(0);
  expect(events).toEqual([
    ["xterm-256color", 100, 30],
    ["xterm-256color", 132, 50],
    ["xterm-256color", 80, 4096],
    "INT",
  ]);
});

it("runs a command that fills a packet, and disconnects only the client of a longer one", async () => {
  const bench = await serving((session, command) => {
    session.stream.write(`${command.length}`);
    void session.exit(0);
  });
  const [client, other] = [await rawClient(bench), await rawClient(bench)];
  const lost = new Promise((resolve) => client.once("close", () => resolve(undefined)));
  expect((await (await exec(client, "x".repeat(34_900))).outcome).out).toBe("34900");
  expect((await failure(exec(client, "x".repeat(1_000_000)))).message).toMatch(
    /Unable to exec|No response|Not connected|closed/i,
  );
  await lost;
  expect((await (await exec(other, "x")).outcome).out).toBe("1");
  expect((await (await exec(await rawClient(bench), "x")).outcome).out).toBe("1");
});

it("frees the slot of a session in which nothing ran", async () => {
  const bench = await serving((session) => void session.exit(0), { maxChannels: 1 });
  const client = await rawClient(bench);
  for (let round = 0; round < 5; round++) {
    expect((await (await exec(client, "x")).outcome).status).toBe(0);
    const refused = new Promise((_, reject) => client.subsys("nothing", (error) => error && reject(error)));
    expect((await failure(refused)).message).toMatch(/Unable to start subsystem/);
    // The client of ssh2 does not close the channel of a refused request, as others do.
    protocolOf(client)["channelClose"]?.(2 * round + 1);
  }
});

it("closes the channel of a command that throws, and logs it", async () => {
  const bench = await serving(() => {
    throw new Error("broken");
  });
  const client = await rawClient(bench);
  expect(await (await exec(client, "x")).outcome).toEqual({ out: "", error: "", status: undefined });
  expect(bench.log.with("the session could not be served")).toHaveLength(1);
});

it("applies backpressure to a command whose client does not read", async () => {
  let taken = 0;
  const bench = await serving((session) => {
    const write = (): void => {
      let room = true;
      for (; room && taken < 50_000_000; taken += 100_000) room = session.stream.write(Buffer.alloc(100_000));
      if (taken < 50_000_000) session.stream.once("drain", write);
      else void session.exit(0);
    };
    write();
  });
  const client = await rawClient(bench);
  const channel = await new Promise<ssh2.ClientChannel>((resolve, reject) =>
    client.exec("x", (error, opened) => (error ? reject(error) : resolve(opened))),
  );
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(taken).toBeLessThan(10_000_000);
  expect((await outcome(channel)).out.length).toBe(50_000_000);
});

it("calls the session rule for each session, and sends the reason of a denial to the client", async () => {
  const requests: unknown[] = [];
  const bench = await serving((session) => void session.exit(0), {
    session: async (request, peer) => {
      requests.push([peer.user, request]);
      if (request.kind === "shell") throw new Error("no idea");
      return request.kind === "exec" && request.command === "GET /hello" ? true : { deny: "reading only" };
    },
  });
  const client = await rawClient(bench);
  expect(await (await exec(client, "GET /hello")).outcome).toEqual({ out: "", error: "", status: 0 });
  expect(await (await exec(client, "STORE /notes")).outcome).toEqual({ out: "", error: "reading only\n", status: 4 });
  expect(await shell(client)).toEqual({ out: "", error: "session rule failed\n", status: 5 });
  expect(await readText(await bench.dial())).toBe("");
  expect(bench.accepted).toEqual([]);
  expect(requests).toEqual([
    ["alice", { kind: "exec", command: "GET /hello" }],
    ["alice", { kind: "exec", command: "STORE /notes" }],
    ["alice", { kind: "shell" }],
    ["alice", { kind: "subsystem", name: "sshrpc" }],
  ]);
  const reasons = bench.log.with("session refused").map(({ fields }) => [fields["kind"], fields["reason"]]);
  expect(reasons).toEqual([
    ["exec", "reading only"],
    ["shell", "session rule failed: no idea"],
    ["the subsystem sshrpc", "reading only"],
  ]);
});

it("refuses a session whose rule never answers, and names the rule and its timeout to every client", async () => {
  const denied: string[] = [];
  let served = 0;
  const session = () => new Promise<boolean>(() => {});
  const bench = await startBench({ session, sessionTimeout: 100 }, undefined, [
    execHandler((session) => void session.exit(0)),
    shellHandler((session) => void session.exit(0)),
    {
      ...subsystemHandler(() => {
        served++;
      }),
      deny: ({ stream }, reason) => {
        denied.push(reason);
        stream.destroy();
      },
    },
  ]);
  const client = await rawClient(bench);
  const reason = "session rule timed out after 100 ms";
  const refused = { out: "", error: `${reason}\n`, status: 5 };
  expect(await (await exec(client, "GET /hello")).outcome).toEqual(refused);
  expect(await shell(client)).toEqual(refused);
  expect(await readText(await bench.dial())).toBe("");
  expect(denied).toEqual([reason]);
  expect([served, bench.accepted]).toEqual([0, []]);
  expect(bench.log.with("session refused").map(({ fields }) => [fields["kind"], fields["reason"]])).toEqual(
    ["exec", "shell", "the subsystem sshrpc"].map((kind) => [kind, reason]),
  );
});

it("applies the options of a key: an environment that the client cannot override, and no terminal", async () => {
  const seen: Session[] = [];
  const bench = await serving((session) => {
    seen.push(session);
    void session.exit(0);
  });
  const { alice } = bench;
  const limited = await startBench(
    { authorizedKeys: { lines: [`no-pty,environment="RPC_TEAM=red" ${alice.line}`] } },
    undefined,
    [
      execHandler((session) => {
        seen.push(session);
        void session.exit(0);
      }),
    ],
  );
  await run({ ...limited, alice }, "x", { env: { RPC_TEAM: "blue", RPC_OTHER: "1" } });
  expect([...(seen[0]?.environment ?? [])]).toEqual([
    ["RPC_TEAM", "red"],
    ["RPC_OTHER", "1"],
  ]);
  const client = await rawClient({ ...limited, alice });
  expect((await failure(exec(client, "x", { pty: true }))).message).toMatch(/pseudo-terminal/);
});

it("gives a terminal of unknown size 80 columns and 24 rows, and one of any size at most 4,096 of each", async () => {
  const sizes: unknown[] = [];
  const bench = await serving((session) => {
    sizes.push([session.terminal?.columns, session.terminal?.rows]);
    void session.exit(0);
  });
  for (const [cols, rows] of [
    [0, 0],
    [1, 1],
    [4097, 4097],
  ] as const) {
    await run(bench, "x", { pty: { cols, rows, width: 0, height: 0, term: "vt100" } as ssh2.PseudoTtyOptions });
  }
  expect(sizes).toEqual([
    [80, 24],
    [1, 1],
    [4096, 4096],
  ]);
});

it("refuses commands and shells without a handler, and the log says which", async () => {
  const bench = await startBench();
  const client = await rawClient(bench);
  await failure(exec(client, "x"));
  await failure(shell(client));
  expect(bench.log.with("session refused").map(({ fields }) => fields["reason"])).toEqual([
    "commands are not served",
    "shells are not served",
  ]);
});
