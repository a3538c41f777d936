import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { connectApi } from "sshrpc/generated";
import { expect } from "vitest";
import { NOTES } from "../unit/runtime/adapters/notes-server.js";
import { type Bench, execHandler, failure, shellHandler, startBench, write } from "../unit/runtime/ssh/support.js";
import { type Outcome, run } from "./run.js";
import { serveNotesOverSsh, start } from "./served.js";
import { itWith, PYTHON } from "./stock.js";

type Session = Parameters<Parameters<typeof execHandler>[0]>[0];

/** Prints the command on both streams, and exits with the number at its end. */
async function answer(session: Session, command: string): Promise<void> {
  const { terminal } = session;
  session.stream.write(`${terminal ? `${terminal.columns}x${terminal.rows} ` : ""}${command}\n`);
  await session.writeError("to the side\n");
  await session.exit(Number(/\d+$/.exec(command)?.[0] ?? 0));
}

function serve(run: (session: Session, command: string) => Promise<void> = answer): Promise<Bench> {
  return startBench({}, undefined, [
    execHandler((session, command) => void run(session, command)),
    shellHandler((session) => void run(session, "shell")),
  ]);
}

/** Runs the stock client with the files of the bench only. */
function ssh(bench: Bench, options: readonly string[], command: readonly string[], input = ""): Promise<Outcome> {
  const args = ["-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"];
  args.push("-o", `UserKnownHostsFile=${bench.knownHosts}`, "-o", "StrictHostKeyChecking=yes", "-i", bench.alice.file);
  args.push("-p", String(bench.listener.port), ...options, "alice@127.0.0.1", ...command);
  return run("ssh", args, input);
}

itWith(["ssh"], "ssh gets output, errors and the exit status of a command, every time", async () => {
  const bench = await serve();
  for (let status = 0; status < 10; status++) {
    expect(await ssh(bench, ["-T"], ["exit", String(status)])).toEqual({
      stdout: `exit ${status}\n`,
      stderr: "to the side\n",
      status,
    });
  }
});

itWith(["ssh"], "ssh gets 20 MB of interleaved output and errors in order, before the exit status", async () => {
  const block = randomBytes(300_000).toString("base64");
  const bench = await serve(async (session) => {
    for (let round = 0; round < 40; round++) {
      session.stream.write(block);
      await session.writeError(`${block.slice(0, 100_000)}\n`);
    }
    await session.exit(9);
  });
  const { stdout, stderr, status } = await ssh(bench, ["-T"], ["x"]);
  expect(stdout === block.repeat(40)).toBe(true);
  expect(stderr === `${block.slice(0, 100_000)}\n`.repeat(40)).toBe(true);
  expect(status).toBe(9);
});

itWith(["ssh"], "ssh -tt gets a terminal, for a shell and for a command", async () => {
  const bench = await serve();
  // Without a terminal of its own, it sends size 0.
  expect((await ssh(bench, ["-tt"], [])).stdout).toBe("80x24 shell\n");
  expect((await ssh(bench, ["-tt"], ["exit", "5"])).status).toBe(5);
});

itWith(["ssh"], "commands run concurrently over one ControlMaster connection, and end when it is closed", async () => {
  const [started, aborted]: string[][] = [[], []];
  const bench = await serve(async (session, command) => {
    if (command !== "wait") return answer(session, command);
    started?.push(command);
    session.signal.addEventListener("abort", () => void aborted?.push(command));
  });
  const path = join(bench.directory, "control");
  const share = ["-T", "-S", path];
  await ssh(bench, [...share, "-o", "ControlMaster=auto", "-o", "ControlPersist=10"], ["exit", "1"]);
  const waiting = ssh(bench, share, ["wait"]);
  const statuses = await Promise.all([2, 3].map(async (n) => (await ssh(bench, share, ["exit", `${n}`])).status));
  expect(statuses).toEqual([2, 3]);
  await expect.poll(() => started).toEqual(["wait"]);
  await ssh(bench, [...share, "-O", "exit"], []);
  await waiting;
  await expect.poll(() => aborted).toEqual(["wait"]);
});

itWith(["plink", "puttygen"], "plink runs commands, with and without a terminal", async () => {
  const bench = await serve();
  const key = join(bench.directory, "alice.ppk");
  await run("puttygen", [bench.alice.file, "-o", key]);
  const fingerprint = bench.hostKey.publicKey.fingerprint;
  const args = ["-batch", "-P", String(bench.listener.port), "-i", key, "-hostkey", fingerprint, "-l", "alice"];
  expect(await run("plink", [...args, "127.0.0.1", "exit 6"])).toMatchObject({
    stdout: "exit 6\n",
    stderr: expect.stringContaining("to the side\n"),
    status: 6,
  });
  expect((await run("plink", [...args, "-t", "127.0.0.1", "exit 7"])).status).toBe(7);
});

itWith(["dbclient", "dropbearconvert"], "dbclient runs commands", async () => {
  const bench = await serve();
  const key = join(bench.directory, "alice.dropbear");
  await run("dropbearconvert", ["openssh", "dropbear", bench.alice.file, key]);
  const args = ["-y", "-y", "-i", key, "-p", String(bench.listener.port), "alice@127.0.0.1"];
  const env = { HOME: bench.directory };
  expect(await run("dbclient", [...args, "exit 8"], "", env)).toMatchObject({ stdout: "exit 8\n", status: 8 });
});

itWith(["python3-paramiko"], "paramiko runs commands in sequence, with and without a terminal", async () => {
  const bench = await serve();
  const script = write(
    bench.directory,
    "client.py",
    `
import paramiko
client = paramiko.SSHClient()
client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
client.connect("127.0.0.1", ${bench.listener.port}, "alice", key_filename="${bench.alice.file}", allow_agent=False, look_for_keys=False)
for pty in (False, True) * 5:
    _, out, err = client.exec_command("exit 3", get_pty=pty)
    print(out.read(), err.read(), out.channel.recv_exit_status())
client.close()
`,
  );
  const { stdout } = await run(PYTHON, ["-W", "ignore", script]);
  const plain = String.raw`b'exit 3\n' b'to the side\n' 3`;
  const terminal = String.raw`b'80x24 exit 3\n' b'to the side\n' 3`;
  expect(stdout.split("\n")).toEqual([...Array.from({ length: 5 }, () => [plain, terminal]).flat(), ""]);
});

itWith(["python3-asyncssh"], "asyncssh sends signals and half closes, and gets the rest of the output", async () => {
  const bench = await serve(async (session, command) => {
    if (command === "cat") {
      session.stream.once("end", () => void session.exit(0)).pipe(session.stream, { end: false });
    } else {
      session.onSignal((name) => {
        session.stream.write(`got ${name}`);
        void session.exit(143);
      });
    }
  });
  const script = write(
    bench.directory,
    "client.py",
    `
import asyncio, asyncssh
async def main():
    async with asyncssh.connect("127.0.0.1", ${bench.listener.port}, username="alice", client_keys=["${bench.alice.file}"],
                                known_hosts="${bench.knownHosts}", config=None) as connection:
        result = await connection.run("cat", input="line\\n" * 100000)
        print(len(result.stdout), result.exit_status)
        process = await connection.create_process("sleep")
        process.stdin.write_eof()
        process.send_signal("TERM")
        result = await process.wait()
        print(result.stdout, result.exit_status)
asyncio.run(asyncio.wait_for(main(), 40))
`,
  );
  const { stdout, stderr } = await run(PYTHON, ["-W", "ignore", script]);
  expect([stdout, stderr]).toEqual(["500000 0\ngot TERM 143\n", ""]);
});

itWith(["ssh"], "every client shows that the session rule timed out", async () => {
  const served = await serveNotesOverSsh({ session: () => new Promise<boolean>(() => {}), sessionTimeout: 200 });
  const reason = "session rule timed out after 200 ms";
  const command = start("ssh", [...served.ssh, "GET", "/notes"]);
  expect(await command.ended).toBe(5);
  expect([`${command.stdout()}`, command.stderr()]).toEqual(["", `${reason}\n`]);
  const { key, knownHosts } = served;
  const options = { identity: key.file, knownHosts, reconnect: false } as const;
  const error = await failure(connectApi(NOTES, `ssh://alice@127.0.0.1:${served.server.port}`, options));
  expect(error).toMatchObject({ status: "UNAVAILABLE", message: expect.stringContaining(reason) });
});
