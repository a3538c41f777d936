import { expect } from "vitest";
import { makeKey, startBench } from "../unit/runtime/ssh/support.js";
import { startAgent } from "./client.js";
import { run } from "./run.js";
import { serveNotesOverSsh } from "./served.js";
import { sshOptions } from "./sshd.js";
import { itWith, PERL } from "./stock.js";

/** Options for a client whose agent has every key. */
const withAgent = (port: number, knownHosts: string, agent: string) => [
  ...["-F", "none", "-o", "BatchMode=yes", "-o", `IdentityAgent=${agent}`, "-o", "StrictHostKeyChecking=yes"],
  ...["-o", `UserKnownHostsFile=${knownHosts}`, "-o", "GlobalKnownHostsFile=/dev/null"],
  ...["-p", `${port}`, "alice@127.0.0.1", "-s", "sshrpc"],
];

itWith(["ssh", "ssh-agent", "ssh-add"], "ssh with 15 keys in its agent logs in with the last one", async () => {
  const { directory, listener, alice, knownHosts } = await startBench();
  const others = Array.from({ length: 14 }, (_, index) => makeKey(directory, `other${index}`).file);
  const agent = await startAgent(...others, alice.file);
  const { stdout, stderr } = await run("ssh", withAgent(listener.port, knownHosts, agent), "hello");
  expect(stdout, stderr).toBe("hello");
});

itWith(["ssh", "ssh-agent", "ssh-add"], "ssh with too many keys in its agent prints why the server ends", async () => {
  const { directory, listener, alice, knownHosts } = await startBench({ maxAuthTries: 1 });
  const others = Array.from({ length: 14 }, (_, index) => makeKey(directory, `other${index}`).file);
  const agent = await startAgent(...others, alice.file);
  const { stderr } = await run("ssh", withAgent(listener.port, knownHosts, agent));
  expect(stderr).toMatch(
    /^Received disconnect from 127\.0\.0\.1 port \d+:14: 10 authentication requests, 9 of them keys that may not log in; offer fewer keys \(IdentitiesOnly\)/,
  );
});

itWith(["ssh"], "a failed key exchange is logged with the version of the client", async () => {
  const { listener, alice, knownHosts, log } = await startBench();
  const options = sshOptions({ knownHosts, identity: alice.file, port: listener.port });
  const { stderr } = await run("ssh", ["-o", "KexAlgorithms=diffie-hellman-group14-sha256", ...options, "127.0.0.1"]);
  expect(stderr).toMatch(/no matching key exchange method found/);
  await expect
    .poll(() => log.with("SSH connection closed").map(({ fields }) => fields))
    .toEqual([
      expect.objectContaining({
        version: expect.stringMatching(/^SSH-2\.0-OpenSSH_/),
        reason: expect.stringContaining("no matching key exchange algorithm"),
      }),
    ]);
});

const SMALL_PACKETS = `
use strict; use warnings; use Net::SSH2;
my ($port, $key, $known) = @ARGV;
my $ssh = Net::SSH2->new;
$ssh->connect("127.0.0.1", $port) && $ssh->check_hostkey("strict", $known) && $ssh->auth_publickey("alice", undef, $key)
    or $ssh->die_with_error;
print "refused\\n" unless $ssh->channel("session", 65536, 512);
my $channel = $ssh->channel or $ssh->die_with_error;
$channel->exec("GET /notes/42") or $ssh->die_with_error;
print while <$channel>;
`;

itWith(
  ["libnet-ssh2-perl"],
  "a channel of libssh2 with packets of 512 bytes is refused, and the next one works",
  async () => {
    const { server, key, knownHosts, log } = await serveNotesOverSsh();
    const { stdout, stderr } = await run(PERL, ["-e", SMALL_PACKETS, `${server.port}`, key.file, knownHosts]);
    expect(stdout, stderr).toBe('refused\n{"id":42,"text":"hi"}\n');
    expect(log.with("channel refused").map(({ fields }) => fields["reason"])).toEqual([
      "packet size of 512 bytes is below the minimum of 1024 bytes",
    ]);
  },
);
