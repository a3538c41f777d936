import dns from "node:dns";
import { connect } from "node:net";
import { connectSsh } from "sshrpc/client";
import { expect, onTestFinished, vi } from "vitest";
import { failure, freePort, startTcp, tempDir, write } from "../unit/runtime/ssh/support.js";
import { ECHO, open, reaches } from "./client.js";
import { start } from "./served.js";
import { SSHD, startSshd, USER } from "./sshd.js";
import { itWith } from "./stock.js";

itWith([SSHD, "ssh"], "a ProxyCommand of ~/.ssh/config carries the connection, and ends with it", async () => {
  const hop = await startSshd();
  const last = await startSshd({ config: [ECHO] });
  const directory = tempDir();
  const command = `ssh ${hop.options.join(" ")} ${USER}@127.0.0.1 -W %h:%p`;
  const config = write(
    directory,
    "config",
    `
Host edge
  HostName 127.0.0.1
  Port ${last.port}
  User ${USER}
  IdentityFile ${last.key.file}
  UserKnownHostsFile ${last.knownHosts}
  ProxyCommand ${command}
Host behind
  HostName 127.0.0.1
  Port ${last.port}
  User ${USER}
  IdentityFile ${last.key.file}
  UserKnownHostsFile ${last.knownHosts}
  ProxyJump edge
Host broken
  ProxyCommand sh -c 'echo no way to %h >&2; exit 3'
Host named
  ProxyCommand echo %r
`,
  );
  await reaches("edge", { sshConfig: config }, 3_000_000);
  await expect.poll(() => hop.log()).toMatch(/Accepted publickey/);
  await expect.poll(() => hop.log()).toMatch(/Connection closed|Disconnected/);
  // The first jump host is reached by its ProxyCommand; one that is given, also none, replaces that of the target.
  await reaches("behind", { sshConfig: config });
  await expect.poll(() => hop.log().match(/Accepted publickey/g)?.length).toBe(2);
  await reaches("edge", { sshConfig: config, jump: [] });
  expect(hop.log().match(/Accepted publickey/g)).toHaveLength(2);
  expect(await failure(open("broken", { sshConfig: config }))).toMatchObject({
    status: "UNAVAILABLE",
    message: "the ProxyCommand ended with status 3: no way to broken",
  });
  expect(await failure(open("$(touch x)@named", { sshConfig: config }))).toMatchObject({
    status: "BAD_REQUEST",
  });
  // ssh -G itself refuses such a name, where it is new enough.
  expect((await failure(open("a;b@named", { sshConfig: config }))).message).toMatch(
    /remote username contains invalid characters|cannot be passed to the ProxyCommand/,
  );
});

itWith([SSHD, "ssh"], "a SOCKS 5 proxy carries the connection, and its refusals are errors", async () => {
  const hop = await startSshd();
  const last = await startSshd({ config: [ECHO] });
  const port = await freePort();
  const proxy = start("ssh", [...hop.options, "-N", "-D", `127.0.0.1:${port}`, `${USER}@127.0.0.1`]);
  await expect.poll(() => canConnect(port)).toBe(true);
  const options = { identity: last.key.file, knownHosts: last.knownHosts, proxy: `socks5://127.0.0.1:${port}` };
  await reaches(last.address, options, 3_000_000);
  await reaches(last.address.replace("127.0.0.1", "localhost"), {
    ...options,
    hostKeyAlias: `[127.0.0.1]:${last.port}`,
  });
  expect(await failure(open("ssh://x@127.0.0.1:1", options))).toMatchObject({
    status: "UNAVAILABLE",
    message: expect.stringMatching(/^the SOCKS proxy 127\.0\.0\.1:\d+: /),
  });
  proxy.process.kill();
  await proxy.ended;
  expect(await failure(open(last.address, options))).toMatchObject({
    status: "UNAVAILABLE",
    message: expect.stringMatching(/^the SOCKS proxy .*ECONNREFUSED/),
  });
  const silent = await startTcp(() => {});
  const late = { ...options, proxy: `socks5://127.0.0.1:${silent}`, connectTimeout: 200 };
  expect(await failure(open(last.address, late))).toMatchObject({
    status: "UNAVAILABLE",
    message: expect.stringContaining("within 200 ms (connectTimeout)"),
  });
  for (const wrong of ["http://edge:1", "socks5://", "secret"]) {
    const error = await failure(connectSsh("edge", { proxy: wrong }));
    expect(error).toMatchObject({ status: "BAD_REQUEST", message: expect.not.stringContaining("secret") });
  }
});

itWith([SSHD], "a proxy that requires a password gets it", async () => {
  const last = await startSshd({ config: [ECHO] });
  const seen: string[] = [];
  // The bytes of RFC 1928 and RFC 1929, since no stock proxy with passwords is at hand.
  const port = await startTcp((socket) => {
    let step = 0;
    socket.on("data", (chunk: Buffer) => {
      step++;
      if (step === 1) socket.write(Buffer.from([5, 2]));
      if (step === 2) {
        seen.push(chunk.toString("latin1"));
        socket.write(Buffer.from([1, seen.length === 1 ? 0 : 1]));
      }
      if (step !== 3) return;
      socket.removeAllListeners("data");
      const onward = connect(last.port, "127.0.0.1", () => socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0])));
      socket.pipe(onward).pipe(socket);
      onward.on("error", () => socket.destroy());
      socket.on("error", () => onward.destroy()).on("close", () => onward.destroy());
    });
  });
  const options = {
    identity: last.key.file,
    knownHosts: last.knownHosts,
    proxy: `socks5://me:pa%20ss@127.0.0.1:${port}`,
  };
  await reaches(last.address, options);
  expect(seen).toEqual(["\x01\x02me\x05pa ss"]);
  const { message } = await failure(open(last.address, options));
  expect(message).toMatch(/rejected the user or the password/);
  expect(message).not.toContain("pa ss");
});

itWith([SSHD], "the option sock opens the stream to the target, or to the first jump host", async () => {
  const hop = await startSshd();
  const last = await startSshd({ config: [ECHO] });
  const asked: number[] = [];
  const sock = ({ host, port }: { host: string; port: number }) => {
    asked.push(port);
    return connect(port, host);
  };
  const knownHosts = [hop.knownHosts, last.knownHosts];
  const options = { identity: [hop.key.file, last.key.file], knownHosts, sock };
  await reaches(last.address, options, 3_000_000);
  await reaches(last.address, { ...options, jump: hop.address });
  expect(asked).toEqual([last.port, hop.port]);
  const broken = () => Promise.reject(new Error("no stream"));
  expect(await failure(open(last.address, { ...options, sock: broken }))).toMatchObject({
    status: "UNAVAILABLE",
    message: "the option sock failed: no stream",
  });
  const wrong = () => 5 as never;
  expect(await failure(open(last.address, { ...options, sock: wrong }))).toMatchObject({
    message: "the option sock failed: it returned number, not a Duplex",
  });
  const closed = await freePort();
  const refused = () => connect(closed, "127.0.0.1");
  expect(await failure(open(last.address, { ...options, sock: refused }))).toMatchObject({
    status: "UNAVAILABLE",
    message: `the stream to ${last.address} failed: connect ECONNREFUSED 127.0.0.1:${closed}`,
  });
  const pending = () => new Promise<never>(() => {});
  expect((await failure(open(last.address, { ...options, sock: pending, connectTimeout: 100 }))).message).toMatch(
    /within 100 ms \(connectTimeout\)/,
  );
});

itWith([SSHD], "a name with several addresses is tried address by address", async () => {
  const last = await startSshd({ config: [ECHO] });
  // 127.0.0.2 refuses, since sshd listens on 127.0.0.1 only.
  const addresses = [
    { address: "::1", family: 6 },
    { address: "127.0.0.2", family: 4 },
    { address: "127.0.0.1", family: 4 },
  ];
  const lookup = vi.spyOn(dns, "lookup");
  onTestFinished(() => lookup.mockRestore());
  lookup.mockImplementation(((_: string, __: object, done: (error: null, all: object[]) => void) =>
    done(null, addresses)) as never);
  const options = { identity: last.key.file, hostKey: last.hostKey.publicKey.fingerprint };
  await reaches(`ssh://${USER}@several.test:${last.port}`, options);
  // Something else in this process may look up another name meanwhile.
  expect(lookup.mock.calls.filter(([name]) => name === "several.test")).toHaveLength(1);
});

/** Whether something listens on a port of loopback. */
function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true));
    socket.on("error", () => resolve(false)).on("connect", () => socket.destroy());
  });
}
