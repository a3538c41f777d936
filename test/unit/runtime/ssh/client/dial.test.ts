import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { connectSsh } from "sshrpc/client";
import { expect, it } from "vitest";
import { open } from "../../../../interop/client.js";
import { closed, failure, freePort, makeKey, startBench, startTcp, tempDir, write } from "../support.js";

/** The error of dialing a port of the loopback interface with a key that is not authorized. */
async function dialPort(port: number, options = {}) {
  const directory = tempDir();
  const identity = makeKey(directory, "alice").file;
  const hostKey = makeKey(directory, "host").publicKey.fingerprint;
  return failure(open(`ssh://alice@127.0.0.1:${port}`, { identity, hostKey, ...options }));
}

it("reports a refused connection with the default address of sshrpc", async () => {
  const free = await freePort();
  expect(await dialPort(free)).toMatchObject({
    status: "UNAVAILABLE",
    message: `connection refused by 127.0.0.1:${free}: the default address of sshrpc is ssh://alice@127.0.0.1:8022`,
  });
});

it("quotes the answer of an HTTP server", async () => {
  const port = await startTcp((socket) => socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
  expect(await dialPort(port)).toMatchObject({
    status: "UNAVAILABLE",
    message: `127.0.0.1:${port} is not an SSH server: received "HTTP/1.1 400 Bad Request"`,
  });
});

it("escapes terminal control characters in the greeting of an unknown server", async () => {
  const port = await startTcp((socket) => socket.end("\x1b[2Jhello\x07\n"));
  expect((await dialPort(port)).message).toBe(
    `127.0.0.1:${port} is not an SSH server: received "\\u{1b}[2Jhello\\u{7}"`,
  );
});

it("fails for a server that closes at once, sends nothing, or stops during the key exchange", async () => {
  const closing = await startTcp((socket) => socket.end());
  expect((await dialPort(closing)).message).toMatch(/closed the connection without sending anything/);
  const silent = await startTcp(() => {});
  expect(await dialPort(silent, { connectTimeout: 1000 })).toMatchObject({
    status: "UNAVAILABLE",
    message: `127.0.0.1:${silent} accepted the connection, but sent nothing within 1000 ms (connectTimeout): not an SSH server, or overloaded`,
  });
  const stuck = await startTcp((socket) => socket.write("SSH-2.0-stuck\r\n"));
  expect((await dialPort(stuck, { connectTimeout: 1000 })).message).toBe(
    `ssh://alice@127.0.0.1:${stuck} did not finish the key exchange within 1000 ms (connectTimeout)`,
  );
});

it("fails for a server that sends garbage", async () => {
  const port = await startTcp((socket) => socket.write(`SSH-2.0-x\r\n${"\xff\x00".repeat(500)}`));
  expect(await dialPort(port, { connectTimeout: 2000 })).toMatchObject({ status: "UNAVAILABLE" });
});

it("rejects an unknown host key, with the line for known_hosts", async () => {
  const bench = await startBench();
  const knownHosts = write(bench.directory, "empty", "# empty\n");
  const error = await failure(bench.dial({ knownHosts }));
  const line = `[127.0.0.1]:${bench.listener.port} ${bench.hostKey.line}`;
  expect(error).toMatchObject({
    status: "UNAUTHENTICATED",
    message:
      `unknown host key: 127.0.0.1:${bench.listener.port} offers the ssh-ed25519 key ${bench.hostKey.publicKey.fingerprint}, ` +
      `and ${knownHosts} has no key of this host. If the server's operator confirms this fingerprint, add this line to ${knownHosts}: ${line}`,
  });
  await bench.dial({ knownHosts: write(bench.directory, "added", `${line}\n`) });
});

it("rejects a host key as unknown without a known_hosts file", async () => {
  const bench = await startBench();
  const error = await failure(bench.dial({ knownHosts: `${bench.directory}/none` }));
  expect(error.message).toMatch(/^unknown host key: /);
});

it("rejects a changed host key, and names the line and the command that removes it", async () => {
  const bench = await startBench();
  const old = makeKey(bench.directory, "old");
  const name = `[127.0.0.1]:${bench.listener.port}`;
  const knownHosts = write(bench.directory, "changed", `# hosts\n${name} ${old.line}\n`);
  const { message, status } = await failure(bench.dial({ knownHosts }));
  expect(status).toBe("UNAUTHENTICATED");
  expect(message).toMatch(
    /^HOST KEY CHANGED: .*this can be a man-in-the-middle attack, or the host key has been changed/,
  );
  expect(message).toContain(`offers the ssh-ed25519 key ${bench.hostKey.publicKey.fingerprint}`);
  expect(message).toContain(`${knownHosts}:2 has ssh-ed25519 ${old.publicKey.fingerprint}`);
  expect(message).toContain(`\`ssh-keygen -f ${knownHosts} -R '${name}'\``);
  expect(message).not.toContain("\n");
});

it("rejects a revoked host key that is also listed as trusted", async () => {
  const bench = await startBench();
  const good = readFileSync(bench.knownHosts, "utf8");
  const knownHosts = write(bench.directory, "revoked", `${good}@revoked * ${bench.hostKey.line}\n`);
  const { message, status } = await failure(bench.dial({ knownHosts }));
  expect(status).toBe("UNAUTHENTICATED");
  expect(message).toMatch(/^host key revoked: .*revoked:2 marks @revoked; do not connect$/);
});

it("accepts only a pinned fingerprint", async () => {
  const bench = await startBench();
  const { fingerprint } = bench.hostKey.publicKey;
  await bench.dial({ hostKey: [bench.alice.publicKey.fingerprint, fingerprint] });
  const error = await failure(bench.dial({ hostKey: bench.alice.publicKey.fingerprint }));
  expect(error).toMatchObject({ status: "UNAUTHENTICATED", message: expect.stringMatching(/^host key mismatch: /) });
  await expect(connectSsh("edge", { hostKey: "MD5:aa:bb" })).rejects.toThrow(
    /invalid option hostKey: "MD5:aa:bb"; it takes .*fingerprints such as /,
  );
  await expect(connectSsh("edge", { hostKey: [] })).rejects.toThrow(
    /invalid option hostKey: an empty list; it takes .*fingerprints such as /,
  );
});

it("lists the keys that an unauthorized client has tried", async () => {
  const bench = await startBench();
  const mallory = makeKey(bench.directory, "mallory");
  const carol = makeKey(bench.directory, "carol");
  const error = await failure(bench.dial({ identity: [mallory.file, carol.file] }));
  expect(error).toMatchObject({
    status: "UNAUTHENTICATED",
    message:
      `${bench.address} accepts none of these keys: ${mallory.publicKey.fingerprint} (${mallory.file}), ` +
      `${carol.publicKey.fingerprint} (${carol.file}); add one to the server's authorized_keys, or set the option identity to another key`,
  });
  expect(bench.accepted).toEqual([]);
  expect(bench.log.with("authentication refused")[0]?.fields).toMatchObject({
    reason: "the key is not listed",
    fingerprint: mallory.publicKey.fingerprint,
  });
});

it("continues to an authorized key, from a file or from a text", async () => {
  const bench = await startBench();
  const mallory = makeKey(bench.directory, "mallory");
  await bench.dial({ identity: [mallory.file, bench.alice.file] });
  await bench.dial({ identity: { privateKey: bench.alice.privateKey } });
});

it("reports a server that disconnects after too many keys", async () => {
  const bench = await startBench({ maxAuthTries: 1 });
  const identity = Array.from({ length: 12 }, (_, index) => makeKey(bench.directory, `key${index}`).file);
  const error = await failure(bench.dial({ identity }));
  expect(error).toMatchObject({
    status: "UNAUTHENTICATED",
    message: expect.stringMatching(
      /closed the connection during the authentication: 10 authentication requests, \d+ of them keys that may not log in; offer fewer keys \(IdentitiesOnly\); offered SHA256:.*; set the option identity to the one key for this server$/,
    ),
  });
});

it("rejects identities that are missing, too open or public keys, each with the fix", async () => {
  const bench = await startBench();
  const missing = await failure(bench.dial({ identity: `${bench.directory}/none` }));
  expect(missing).toMatchObject({
    status: "UNAUTHENTICATED",
    message: `identity ${bench.directory}/none does not exist`,
  });
  const open = write(bench.directory, "open", bench.alice.privateKey, 0o644);
  expect((await failure(bench.dial({ identity: open }))).message).toBe(
    `identity ${open}: permissions 0644 are too open; run \`chmod 600 ${open}\``,
  );
  const pub = write(bench.directory, "alice.pub", bench.alice.line);
  expect((await failure(bench.dial({ identity: pub }))).message).toMatch(/: a public key; name the private key/);
});

it("reports that there is no key to authenticate with", async () => {
  const bench = await startBench();
  const home = process.env["HOME"];
  process.env["HOME"] = bench.directory;
  try {
    const { address, knownHosts } = bench;
    expect(await failure(open(address, { agent: false, knownHosts }))).toMatchObject({
      status: "UNAUTHENTICATED",
      message: expect.stringMatching(/^no key to authenticate to ssh:.* with: create one with `ssh-keygen -t ed25519`/),
    });
    const broken = { agent: `${bench.directory}/no-agent`, knownHosts };
    expect((await failure(open(address, broken))).message).toMatch(/the agent at .*no-agent does not answer/);
  } finally {
    process.env["HOME"] = home;
  }
});

it("is cancelled by a signal before and during the connection attempt, and not after it", async () => {
  const bench = await startBench();
  expect(await failure(bench.dial({}, AbortSignal.abort()))).toMatchObject({ status: "CANCELLED" });
  const silent = await startTcp(() => {});
  const controller = new AbortController();
  const options = { identity: bench.alice.file, hostKey: bench.hostKey.publicKey.fingerprint };
  const opening = failure(open(`ssh://alice@127.0.0.1:${silent}`, options, controller.signal));
  setTimeout(() => controller.abort(), 50);
  expect(await opening).toMatchObject({ status: "CANCELLED" });
  const late = new AbortController();
  const duplex = await bench.dial({}, late.signal);
  late.abort();
  expect(duplex.destroyed).toBe(false);
});

it("writes debug lines with the host in front, and no secrets", async () => {
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
])("rejects %o before connecting", async (options, message) => {
  await expect(connectSsh("edge", options)).rejects.toThrow(message);
});

it("closes the connection to a server that does not answer keepalives", async () => {
  const bench = await startBench();
  let silent = false;
  const port = await startTcp((socket) => {
    const onward = connect(bench.listener.port, "127.0.0.1");
    socket.on("data", (chunk) => silent || onward.write(chunk)).on("close", () => onward.destroy());
    onward.on("error", () => {}).on("data", (chunk) => silent || socket.write(chunk));
  });
  const knownHosts = write(bench.directory, "relayed", `[127.0.0.1]:${port} ${bench.hostKey.line}\n`);
  const options = { identity: bench.alice.file, knownHosts, keepaliveInterval: 50, keepaliveCountMax: 2 };
  const duplex = await open(`ssh://alice@127.0.0.1:${port}`, options);
  silent = true;
  expect((await closed(duplex))?.message).toMatch(/was lost: Keepalive timeout$/);
});

it("asks a silent server at each keepalive interval, and stays connected while it answers", async () => {
  const bench = await startBench();
  let asked = 0;
  const hasAsked = new Promise<void>((resolve) => {
    const debug = (line: string): void => {
      if (line.includes("keepalive@openssh.com") && ++asked === 5) resolve();
    };
    // With three unanswered keepalives the connection ends.
    void bench.dial({ debug, keepaliveInterval: 200, keepaliveCountMax: 3 }).then((duplex) => {
      duplex.once("close", () => {
        asked = Number.NaN;
        resolve();
      });
    });
  });
  await hasAsked;
  expect(asked).toBe(5);
});

it("allows at most eight hosts on a route", async () => {
  const ports = await Promise.all(Array.from({ length: 8 }, () => freePort()));
  const over = async (count: number) => {
    const jump = ports.slice(0, count).map((port) => `alice@127.0.0.1:${port}`);
    return (await failure(connectSsh("alice@edge", { jump, identity: [], agent: false, sshConfig: false }))).message;
  };
  // Dials the first of seven jump hosts.
  expect(await over(7)).toMatch(`connection refused by 127.0.0.1:${ports[0]}`);
  expect(await over(8)).toBe("the route to edge has more than 8 hosts: does ProxyJump form a loop?");
});

it("ends with DEADLINE_EXCEEDED where the signal of the attempt times out", async () => {
  const silent = await startTcp(() => {});
  const options = { identity: [], agent: false, sshConfig: false, hostKey: `SHA256:${"A".repeat(43)}` } as const;
  const signal = AbortSignal.timeout(50);
  expect(await failure(connectSsh(`alice@127.0.0.1:${silent}`, { ...options, signal }))).toMatchObject({
    status: "DEADLINE_EXCEEDED",
  });
});

it("logs in without a listed key where the server has anonymous access", async () => {
  const bench = await startBench({ anonymous: { scopes: ["public:*"] } });
  const unlisted = makeKey(bench.directory, "unlisted").file;
  await bench.dial({ identity: unlisted, password: () => Promise.reject(new Error("asked")) });
  await bench.dial({ identity: [], agent: false });
  expect(bench.accepted.map(({ peer }) => peer.authMethods)).toEqual([["none"], ["none"]]);
  await bench.dial();
  expect(bench.accepted[2]?.peer.authMethods).toEqual(["publickey"]);
});

it("logs in with any key where the server has no authentication but anonymous access", async () => {
  const bench = await startBench({ anonymous: { scopes: ["public:*"] }, authorizedKeys: undefined as never });
  await bench.dial();
  expect(bench.accepted.map(({ peer }) => peer.authMethods)).toEqual([["none"]]);
});

it("takes /dev/null for an empty list of known hosts", async () => {
  const bench = await startBench();
  expect(await failure(bench.dial({ knownHosts: "/dev/null" }))).toMatchObject({
    status: "UNAUTHENTICATED",
    message: expect.stringMatching(/^unknown host key: .*\/dev\/null has no key of this host/),
  });
  await bench.dial({ knownHosts: ["/dev/null", bench.knownHosts] });
  await bench.dial({ knownHosts: "/dev/null", hostKey: () => true });
});

it("connects to an IPv6 address with a zone, in both notations", async () => {
  const bench = await startBench({ host: "::1" });
  const options = { identity: bench.alice.file, hostKey: bench.hostKey.publicKey.fingerprint };
  await open(`ssh://alice@[::1%25lo]:${bench.listener.port}`, options);
  await open(`ssh://alice@[::1%lo]:${bench.listener.port}`, options);
});
