import { createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { algorithmOf } from "../../../../../../runtime/src/ssh/client/auth/offered-key.js";
import { string, uint32 } from "../../../../../../runtime/src/ssh/keys/format/binary-writer.js";
import { loadIdentity } from "../../../../../../runtime/src/ssh/keys/identity/load-identity.js";
import { Passphrases } from "../../../../../../runtime/src/ssh/keys/identity/passphrase.js";
import { type Bench, failure, makeKey, startBench, type TestKey, tempDir, write } from "../../support.js";

/** An agent (draft-ietf-sshm-ssh-agent) with these keys. Resolves with its socket. */
async function startAgent(...keys: readonly TestKey[]): Promise<string> {
  const path = `${tempDir()}/agent`;
  const identities = await Promise.all(keys.map(({ file }) => loadIdentity(file, Passphrases.of(undefined))));
  const list = keys.map(({ publicKey }) => Buffer.concat([string(publicKey.blob), string("in the agent")]));
  const sockets = new Set<{ destroy(): unknown }>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    socket.on("data", async (request) => {
      if (request[4] === 11) socket.write(string(Buffer.concat([Buffer.of(12), uint32(list.length), ...list])));
      else {
        const size = request.readUInt32BE(5);
        const blob = request.subarray(9, 9 + size);
        const data = request.subarray(13 + size, 13 + size + request.readUInt32BE(9 + size));
        const signer = identities.find(({ publicKey }) => publicKey.blob.equals(blob));
        const signature = await signer?.sign(data, "ssh-ed25519");
        socket.write(string(Buffer.concat([Buffer.of(14), string(signature as Buffer)])));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return path;
}

/** The labels of the keys that the server has rejected, in order. */
function rejected(error: Error): string[] {
  return [...error.message.matchAll(/SHA256:\S+ \(([^)]*)\)/g)].map(([, label = ""]) => label);
}

const trust = ({ hostKey }: Bench) => ({ hostKey: hostKey.publicKey.fingerprint });

describe("with an agent, a client", () => {
  it("offers the agent's keys where no identity is given, and only the identities otherwise", async () => {
    const bench = await startBench();
    const agent = await startAgent(bench.alice);
    const mallory = makeKey(bench.directory, "mallory");
    // The agent signs.
    await bench.dialWithAgent({ ...trust(bench), agent, identitiesOnly: false, identity: [] });
    const only = await failure(bench.dialWithAgent({ ...trust(bench), agent, identity: mallory.file }));
    expect(rejected(only)).toEqual([mallory.file]);
    const none = await failure(bench.dialWithAgent({ ...trust(bench), agent, identity: [], identitiesOnly: true }));
    expect(rejected(none)).toEqual([]);
    await bench.dialWithAgent({ ...trust(bench), agent, identity: mallory.file, identitiesOnly: false });
    expect(bench.accepted).toHaveLength(2);
  });

  it("offers the agent's keys that are also identities, then its others, then the other identities", async () => {
    const bench = await startBench();
    const [first, second, third] = ["first", "second", "third"].map((name) => makeKey(bench.directory, name)) as [
      TestKey,
      TestKey,
      TestKey,
    ];
    const agent = await startAgent(second, first);
    const error = await failure(
      bench.dialWithAgent({
        ...trust(bench),
        agent,
        identity: [third.file, first.file],
        identitiesOnly: false,
      }),
    );
    const fingerprints = [...error.message.matchAll(/SHA256:\S+/g)].map(([text]) => text);
    expect(fingerprints).toEqual([first, second, third].map(({ publicKey }) => publicKey.fingerprint));
    expect(rejected(error)).toEqual(["agent, in the agent", "agent, in the agent", third.file]);
  });

  it("continues without an agent that fails, and says so where no key is accepted", async () => {
    const bench = await startBench();
    const agent = `${bench.directory}/no-agent`;
    await bench.dialWithAgent({ ...trust(bench), agent, identity: bench.alice.file, identitiesOnly: false });
    const mallory = makeKey(bench.directory, "mallory");
    const error = await failure(
      bench.dialWithAgent({ ...trust(bench), agent, identity: mallory.file, identitiesOnly: false }),
    );
    expect(error.message).toContain(agent);
    expect(rejected(error)).toEqual([mallory.file]);
  });
});

it("the option hostKeyAlias names the host in known_hosts", async () => {
  const bench = await startBench();
  const knownHosts = write(bench.directory, "aliases", `the-farm ${bench.hostKey.line}\n`);
  const error = await failure(bench.dial({ knownHosts }));
  expect(error.message).toContain(`add this line to ${knownHosts}: [127.0.0.1]:${bench.listener.port} ssh-ed25519 `);
  await bench.dial({ knownHosts, hostKeyAlias: "the-farm" });
  const other = await failure(bench.dial({ knownHosts, hostKeyAlias: "another-farm" }));
  expect(other.message).toContain(`add this line to ${knownHosts}: another-farm ssh-ed25519 `);
});

it("names what the server has rejected: the password, and the keys", async () => {
  const bench = await startBench({ verifyPassword: () => undefined, keyboardInteractive: false, authFailureDelay: 0 });
  const trusted = { ...trust(bench), agent: false as const };
  const password = await failure(bench.dialWithAgent({ ...trusted, identity: [], password: "guess" }));
  expect(password.message).toContain(`${bench.address} rejects the password; `);
  expect(password.message).not.toContain("accepts none of these keys");
  const mallory = makeKey(bench.directory, "mallory");
  const both = await failure(bench.dialWithAgent({ ...trusted, identity: mallory.file, password: "guess" }));
  expect(both.message).toContain("rejects the password, and accepts none of these keys: SHA256:");
});

describe("the algorithm of a key", () => {
  const CERTIFICATE = "-cert-v01@openssh.com";

  it.each([
    ["ssh-ed25519", undefined, "ssh-ed25519", "ssh-ed25519"],
    ["ecdsa-sha2-nistp256", ["ssh-ed25519"], "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"],
    [`ssh-ed25519${CERTIFICATE}`, undefined, `ssh-ed25519${CERTIFICATE}`, "ssh-ed25519"],
    ["ssh-rsa", undefined, "rsa-sha2-256", "rsa-sha2-256"],
    ["ssh-rsa", ["ssh-ed25519"], "rsa-sha2-256", "rsa-sha2-256"],
    ["ssh-rsa", ["rsa-sha2-256", "rsa-sha2-512"], "rsa-sha2-512", "rsa-sha2-512"],
    ["ssh-rsa", ["ssh-rsa", "rsa-sha2-256"], "rsa-sha2-256", "rsa-sha2-256"],
    [`ssh-rsa${CERTIFICATE}`, ["rsa-sha2-512"], `rsa-sha2-512${CERTIFICATE}`, "rsa-sha2-512"],
  ])("%s at a server with %j is %s, signed with %s", (type, accepted, request, signature) => {
    expect(algorithmOf(type, accepted)).toEqual({ request, signature });
  });

  it("is none where the server accepts RSA with SHA-1 alone", () => {
    expect(algorithmOf("ssh-rsa", ["ssh-rsa"])).toBeUndefined();
  });
});
