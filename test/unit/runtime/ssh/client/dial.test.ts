import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { expect, it } from "vitest";
import { sshTransport } from "../../../../../runtime/src/ssh/client/dial.js";
import { closed, failure, freePort, makeKey, startBench, startTcp, tempDir, write } from "../support.js";

/** Dials a port of the loopback interface with a key that nobody knows, and gives the error. */
async function dialPort(port: number, options = {}) {
  const directory = tempDir();
  const identity = makeKey(directory, "alice").file;
  const hostKey = makeKey(directory, "host").publicKey.fingerprint;
  return failure(sshTransport(`ssh://alice@127.0.0.1:${port}`, { identity, hostKey, ...options }).open());
}

it("says that nobody listens, and where a server usually is", async () => {
  const free = await freePort();
  expect(await dialPort(free)).toMatchObject({
    status: "UNAVAILABLE",
    message: `nobody listens at 127.0.0.1:${free} (connection refused): a server of sshrpc is usually at ssh://alice@127.0.0.1:8022`,
  });
});

it("says what an HTTP server says", async () => {
  const port = await startTcp((socket) => socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
  expect(await dialPort(port)).toMatchObject({
    status: "UNAVAILABLE",
    message: `127.0.0.1:${port} is no SSH server: it says "HTTP/1.1 400 Bad Request"`,
  });
});

it("escapes what a terminal would act on in a stranger's greeting", async () => {
  const port = await startTcp((socket) => socket.end("\x1b[2Jhello\x07\n"));
  expect((await dialPort(port)).message).toBe(`127.0.0.1:${port} is no SSH server: it says "\\u{1b}[2Jhello\\u{7}"`);
});

it("gives up on a server that closes at once, that never speaks, and that stops in the middle", async () => {
  const closing = await startTcp((socket) => socket.end());
  expect((await dialPort(closing)).message).toMatch(/closed the connection without a word/);
  const silent = await startTcp(() => {});
  expect(await dialPort(silent, { connectTimeout: 1000 })).toMatchObject({
    status: "UNAVAILABLE",
    message: `127.0.0.1:${silent} accepted the connection and said nothing within 1000 ms (connectTimeout): it is no SSH server, or too busy`,
  });
  const stuck = await startTcp((socket) => socket.write("SSH-2.0-stuck\r\n"));
  expect((await dialPort(stuck, { connectTimeout: 1000 })).message).toBe(
    `ssh://alice@127.0.0.1:${stuck} did not finish the key exchange within 1000 ms (connectTimeout)`,
  );
});

it("refuses a server of garbage without a crash", async () => {
  const port = await startTcp((socket) => socket.write(`SSH-2.0-x\r\n${"\xff\x00".repeat(500)}`));
  expect(await dialPort(port, { connectTimeout: 2000 })).toMatchObject({ status: "UNAVAILABLE" });
});

it("refuses an unknown host, and gives the line that would make it known", async () => {
  const bench = await startBench();
  const knownHosts = write(bench.directory, "empty", "# nobody\n");
  const error = await failure(bench.dial({ knownHosts }));
  const line = `[127.0.0.1]:${bench.listener.port} ${bench.hostKey.line}`;
  expect(error).toMatchObject({
    status: "UNAUTHENTICATED",
    message:
      `unknown host: 127.0.0.1:${bench.listener.port} offers the ssh-ed25519 key ${bench.hostKey.publicKey.fingerprint}, ` +
      `and no key of it is in ${knownHosts}. If its operator confirms this fingerprint, add this line to ${knownHosts}: ${line}`,
  });
  await bench.dial({ knownHosts: write(bench.directory, "added", `${line}\n`) });
});

it("refuses a host without any known_hosts file as unknown", async () => {
  const bench = await startBench();
  const error = await failure(bench.dial({ knownHosts: `${bench.directory}/none` }));
  expect(error.message).toMatch(/^unknown host: /);
});

it("refuses a changed host key, and names the line and the command", async () => {
  const bench = await startBench();
  const old = makeKey(bench.directory, "old");
  const name = `[127.0.0.1]:${bench.listener.port}`;
  const knownHosts = write(bench.directory, "changed", `# hosts\n${name} ${old.line}\n`);
  const { message, status } = await failure(bench.dial({ knownHosts }));
  expect(status).toBe("UNAUTHENTICATED");
  expect(message).toMatch(/^HOST KEY CHANGED: .*somebody may be listening in right now, or the key was just changed/);
  expect(message).toContain(`offers the ssh-ed25519 key ${bench.hostKey.publicKey.fingerprint}`);
  expect(message).toContain(`${knownHosts}:2 has ssh-ed25519 ${old.publicKey.fingerprint}`);
  expect(message).toContain(`\`ssh-keygen -f ${knownHosts} -R '${name}'\``);
  expect(message).not.toContain("\n");
});

it("refuses a revoked host key, although it is also listed as good", async () => {
  const bench = await startBench();
  const good = readFileSync(bench.knownHosts, "utf8");
  const knownHosts = write(bench.directory, "revoked", `${good}@revoked * ${bench.hostKey.line}\n`);
  const { message, status } = await failure(bench.dial({ knownHosts }));
  expect(status).toBe("UNAUTHENTICATED");
  expect(message).toMatch(/^host key revoked: .*revoked:2 marks @revoked; do not connect$/);
});

it("trusts a pinned fingerprint, and no other", async () => {
  const bench = await startBench();
  const { fingerprint } = bench.hostKey.publicKey;
  await bench.dial({ hostKey: [bench.alice.publicKey.fingerprint, fingerprint] });
  const error = await failure(bench.dial({ hostKey: bench.alice.publicKey.fingerprint }));
  expect(error).toMatchObject({ status: "UNAUTHENTICATED", message: expect.stringMatching(/^host key mismatch: /) });
  expect(() => sshTransport("edge", { hostKey: "MD5:aa:bb" })).toThrow(/"MD5:aa:bb" is not one/);
  expect(() => sshTransport("edge", { hostKey: [] })).toThrow(/hostKey takes .*fingerprints such as .*: it is empty/);
});

it("refuses an unlisted key, and says which keys were tried", async () => {
  const bench = await startBench();
  const mallory = makeKey(bench.directory, "mallory");
  const carol = makeKey(bench.directory, "carol");
  const error = await failure(bench.dial({ identity: [mallory.file, carol.file] }));
  expect(error).toMatchObject({
    status: "UNAUTHENTICATED",
    message:
      `${bench.address} accepts none of these keys: ${mallory.publicKey.fingerprint} (${mallory.file}), ` +
      `${carol.publicKey.fingerprint} (${carol.file}); add one to the server's authorized_keys, or name another with the option identity`,
  });
  expect(bench.accepted).toEqual([]);
  expect(bench.log.with("authentication refused")[0]?.fields).toMatchObject({
    reason: "the key is not listed",
    fingerprint: mallory.publicKey.fingerprint,
  });
});

it("goes on to the key that is listed, from a file or from a text", async () => {
  const bench = await startBench();
  const mallory = makeKey(bench.directory, "mallory");
  await bench.dial({ identity: [mallory.file, bench.alice.file] });
  await bench.dial({ identity: { privateKey: bench.alice.privateKey } });
});

it("says so when the server hangs up after too many keys", async () => {
  const bench = await startBench({ maxAuthTries: 2 });
  const identity = ["a", "b", "c"].map((name) => makeKey(bench.directory, name).file);
  const error = await failure(bench.dial({ identity }));
  expect(error).toMatchObject({
    status: "UNAUTHENTICATED",
    message: expect.stringMatching(/ended the connection during the authentication; offered SHA256:/),
  });
});

it("refuses identities that are missing, too open or no private key, each with what to do", async () => {
  const bench = await startBench();
  const missing = await failure(bench.dial({ identity: `${bench.directory}/none` }));
  expect(missing).toMatchObject({
    status: "UNAUTHENTICATED",
    message: `identity ${bench.directory}/none does not exist`,
  });
  const open = write(bench.directory, "open", bench.alice.privateKey, 0o644);
  expect((await failure(bench.dial({ identity: open }))).message).toBe(
    `identity ${open} is too open (mode 0644): run \`chmod 600 ${open}\``,
  );
  const pub = write(bench.directory, "alice.pub", bench.alice.line);
  expect((await failure(bench.dial({ identity: pub }))).message).toMatch(/is a public key: name the private one/);
});

it("says that there is no key to log in with", async () => {
  const bench = await startBench();
  const home = process.env["HOME"];
  process.env["HOME"] = bench.directory;
  try {
    const transport = sshTransport(bench.address, { agent: false, knownHosts: bench.knownHosts });
    expect(await failure(transport.open())).toMatchObject({
      status: "UNAUTHENTICATED",
      message: expect.stringMatching(/^no key to log in to ssh:.* with: make one with `ssh-keygen -t ed25519`/),
    });
    const broken = sshTransport(bench.address, { agent: `${bench.directory}/no-agent`, knownHosts: bench.knownHosts });
    expect((await failure(broken.open())).message).toMatch(/the agent at .*no-agent does not answer/);
  } finally {
    process.env["HOME"] = home;
  }
});

it("stops when the signal aborts: before, while it connects, and later no more", async () => {
  const bench = await startBench();
  expect(await failure(bench.dial({}, AbortSignal.abort()))).toMatchObject({ status: "CANCELLED" });
  const silent = await startTcp(() => {});
  const controller = new AbortController();
  const transport = sshTransport(`ssh://alice@127.0.0.1:${silent}`, {
    identity: bench.alice.file,
    hostKey: bench.hostKey.publicKey.fingerprint,
  });
  const opening = failure(transport.open(controller.signal));
  setTimeout(() => controller.abort(), 50);
  expect(await opening).toMatchObject({ status: "CANCELLED" });
  const late = new AbortController();
  const duplex = await bench.dial({}, late.signal);
  late.abort();
  expect(duplex.destroyed).toBe(false);
});

it("tells what happens, with the host in front, and no secret", async () => {
  const bench = await startBench();
  const lines: string[] = [];
  await bench.dial({ debug: (line) => void lines.push(line) });
  expect(lines.every((line) => line.startsWith(`${bench.address}: `))).toBe(true);
  const text = lines.join("\n");
  expect(text).toMatch(/Handshake: \(local\) KEX method/);
  expect(text).toContain(`Login: trying publickey with ${bench.alice.publicKey.fingerprint} (${bench.alice.file})`);
  lines.length = 0;
  await failure(bench.dial({ identity: [], password: "correct horse", debug: (line) => void lines.push(line) }));
  expect(lines.join("\n")).not.toContain("correct horse");
});

it.each([
  [{ connectTimeout: 0 }, "option connectTimeout: 0 is not an integer from 1 to 2147483647"],
  [{ connectTimeout: Number.NaN }, /^option connectTimeout: NaN is not an integer/],
  [{ keepaliveInterval: -1 }, /^option keepaliveInterval: -1 is not an integer/],
  [{ keepaliveCountMax: 1.5 }, /^option keepaliveCountMax: 1.5 is not an integer/],
])("refuses %o at once", (options, message) => {
  expect(() => sshTransport("edge", options)).toThrow(message);
});

it("counts a server that has gone silent as lost", async () => {
  const bench = await startBench();
  let silent = false;
  const port = await startTcp((socket) => {
    const onward = connect(bench.listener.port, "127.0.0.1");
    socket.on("data", (chunk) => silent || onward.write(chunk)).on("close", () => onward.destroy());
    onward.on("error", () => {}).on("data", (chunk) => silent || socket.write(chunk));
  });
  const knownHosts = write(bench.directory, "relayed", `[127.0.0.1]:${port} ${bench.hostKey.line}\n`);
  const options = { identity: bench.alice.file, knownHosts, keepaliveInterval: 50, keepaliveCountMax: 2 };
  const duplex = await sshTransport(`ssh://alice@127.0.0.1:${port}`, options).open();
  silent = true;
  expect((await closed(duplex))?.message).toMatch(/was lost: Keepalive timeout$/);
});
