import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, onTestFinished } from "vitest";
import { copyKey, type KeyType, readFixture, takeKey } from "../fixtures/keys.js";
import { failure, makeKey, tempDir, write } from "../unit/runtime/ssh/support.js";
import { certify, ECHO, open, reaches } from "./client.js";
import { run } from "./run.js";
import { SSHD, type Sshd, startSshd, USER } from "./sshd.js";
import { itWith, PYTHON } from "./stock.js";

const publicLine = (file: string) => readFileSync(`${file}.pub`, "utf8").trim().split(" ").slice(0, 2).join(" ");

/** Starts an sshd with a certified host key; `args` are those of `ssh-keygen -s`. */
async function startCertified(authority: string, type: KeyType, ...args: readonly string[]): Promise<Sshd> {
  const host = takeKey(type, "host");
  await certify(authority, host, "-I", "a host", ...args);
  return startSshd({ config: [ECHO, `HostKey ${host}`, `HostCertificate ${host}-cert.pub`, "RekeyLimit 1M"] });
}

itWith([SSHD, "ssh-keygen"], "trusts a host certificate by an authority of known_hosts, also in a rekey", async () => {
  for (const type of ["ed25519", "ecdsa-256", "ecdsa-521"] as const) {
    const authority = takeKey(type === "ed25519" ? "rsa-2048" : "ed25519", "ca");
    const sshd = await startCertified(authority, type, "-h", "-n", "127.0.0.1");
    const lines = [
      `@cert-authority [127.0.0.1]:${sshd.port} ${publicLine(authority)}`,
      `@cert-authority 127.0.0.* ${publicLine(authority)}`,
    ];
    for (const line of lines) {
      const knownHosts = write(tempDir(), "known_hosts", `${line}\n`);
      await reaches(sshd.address, { identity: sshd.key.file, knownHosts }, 4_000_000);
    }
  }
});

itWith(
  [SSHD, "ssh-keygen", "ssh"],
  "rejects the host certificates that ssh rejects, each with the reason",
  async () => {
    const authority = takeKey("ed25519", "ca");
    const other = takeKey("ed25519", "other");
    const ca = `@cert-authority * ${publicLine(authority)}`;
    const sign = (...args: string[]) => startCertified(authority, "ed25519", ...args);
    const cases: [sshd: Sshd, lines: readonly string[], reason: RegExp | undefined][] = [
      [await sign("-h", "-n", "127.0.0.1"), [ca], undefined],
      [
        await sign("-h", "-n", "127.0.0.1", "-O", "critical:a-restriction=x"),
        [ca],
        /: unknown critical option a-restriction$/,
      ],
      [await sign("-h"), [ca], undefined],
      [await sign("-h", "-n", "127.0.*"), [ca], /: its principals 127\.0\.\* do not include/],
      [
        await sign("-h", "-n", "edge,127.0.0.2"),
        [ca],
        /: its principals edge, 127\.0\.0\.2 do not include 127\.0\.0\.1$/,
      ],
      [await sign("-h", "-n", "127.0.0.1", "-V", "20200101:20200102"), [ca], /: it expired on 2020-01-0/],
      [await sign("-h", "-n", "127.0.0.1", "-V", "+1w:+2w"), [ca], /: it is not valid before 20/],
      [
        await sign("-h", "-n", "127.0.0.1"),
        [ca, `@revoked * ${publicLine(authority)}`],
        /marks the authority @revoked/,
      ],
      [
        await sign("-h", "-n", "127.0.0.1"),
        [`@cert-authority * ${publicLine(other)}`],
        /^unknown host key: .*offers no certificate by it/,
      ],
      [await sign("-h", "-n", "127.0.0.1"), [`@cert-authority edge ${publicLine(authority)}`], /^unknown host key: /],
    ];
    for (const [sshd, lines, reason] of cases) {
      const knownHosts = write(tempDir(), "known_hosts", `${lines.join("\n")}\n`);
      const ssh = await run("ssh", [
        ...["-F", "none", "-o", "BatchMode=yes", "-o", `UserKnownHostsFile=${knownHosts}`, "-i", sshd.key.file],
        ...["-o", "GlobalKnownHostsFile=none", "-o", "StrictHostKeyChecking=yes", "-o", "IdentityAgent=none"],
        ...["-p", String(sshd.port), `${USER}@127.0.0.1`, "true"],
      ]);
      expect([lines, ssh.status === 0]).toEqual([lines, reason === undefined]);
      const options = { identity: sshd.key.file, knownHosts };
      if (reason === undefined) await reaches(sshd.address, options);
      else {
        const error = await failure(open(sshd.address, options));
        expect(error).toMatchObject({ status: "UNAUTHENTICATED", message: expect.stringMatching(reason) });
      }
    }
  },
);

itWith([SSHD], "treats a certificate by an unknown authority as its plain key", async () => {
  const host = copyKey("host-ed25519", "host");
  const sshd = await startSshd({ config: [ECHO, `HostKey ${host}`, `HostCertificate ${host}-cert.pub`] });
  const name = `[127.0.0.1]:${sshd.port}`;
  const stranger = `@cert-authority * ${publicLine(takeKey("ed25519", "stranger"))}`;
  const identity = sshd.key.file;
  const known = write(tempDir(), "known_hosts", `${stranger}\n${name} ${publicLine(host)}\n`);
  await reaches(sshd.address, { identity, knownHosts: known });
  const fresh = write(tempDir(), "known_hosts", `${stranger}\n`);
  // The decision takes longer than the rest of the key exchange.
  const slow = async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return "save" as const;
  };
  await reaches(sshd.address, { identity, knownHosts: fresh, hostKey: slow }, 2_000_000);
  expect(readFileSync(fresh, "utf8")).toBe(`${stranger}\n${name} ${publicLine(host)}\n`);
});

/** A server that presents the certificate of another host key, and signs with its own. */
const IMPOSTOR = `
import asyncio, asyncssh, sys
async def main():
    pair = asyncssh.load_keypairs([sys.argv[1]])[0]
    certificate = asyncssh.read_certificate(sys.argv[2])
    pair.key_public_data = certificate.key.public_data
    pair.set_certificate(certificate)
    class Server(asyncssh.SSHServer):
        def begin_auth(self, username):
            print("reached the login", flush=True)
            return True
    server = await asyncssh.create_server(Server, "127.0.0.1", 0, server_host_keys=[pair])
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.wait_closed()
asyncio.run(main())
`;

itWith(
  [PYTHON, "python3-asyncssh"],
  "disconnects from a server that presents the certificate of another key",
  async () => {
    const host = copyKey("host-ed25519", "host");
    const knownHosts = write(tempDir(), "known_hosts", `@cert-authority * ${readFixture("host-ca.pub")}`);
    const { file: identity } = makeKey(tempDir(), "user");
    const attempt = async (key: string) => {
      const server = spawn(PYTHON, ["-W", "ignore", "-c", IMPOSTOR, key, `${host}-cert.pub`]);
      onTestFinished(() => void server.kill());
      let output = "";
      server.stdout.on("data", (chunk) => {
        output += chunk;
      });
      await expect.poll(() => output).toMatch(/^\d+\n/);
      const error = await failure(
        open(`ssh://alice@127.0.0.1:${Number.parseInt(output, 10)}`, { identity, knownHosts }),
      );
      return { message: error.message, reached: /reached/.test(output) };
    };
    expect(await attempt(takeKey("ed25519", "impostor"))).toMatchObject({
      message: expect.stringMatching(/closed the connection during the key exchange: .*signature verification failed/i),
      reached: false,
    });
    // With the right key it reaches the authentication.
    expect((await attempt(host)).message).toMatch(
      /^no key to authenticate to .* \(the server accepts no authentication method\)/,
    );
  },
);
