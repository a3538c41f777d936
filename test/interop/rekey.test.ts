import { createHash } from "node:crypto";
import { appendFileSync } from "node:fs";
import type { Duplex } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { expect } from "vitest";
import { type Bench, startBench } from "../unit/runtime/ssh/support.js";
import { type Outcome, run } from "./run.js";
import { itWith, PERL, PYTHON } from "./stock.js";

const CHUNK = 65_536;
const CHUNKS = 80;

/** The data that the server sends, slowly enough for a rekey in between. */
const content = (index: number) => Buffer.alloc(CHUNK, index);

async function sendSlowly(duplex: Duplex): Promise<void> {
  duplex.resume();
  for (let index = 0; index < CHUNKS && !duplex.destroyed; index++) {
    duplex.write(content(index));
    await wait(40);
  }
  duplex.end();
}

/** The checksum of the data, as `sha256sum` prints it. */
const EXPECTED = (() => {
  const hash = createHash("sha256");
  for (let index = 0; index < CHUNKS; index++) hash.update(content(index));
  return hash.digest("hex");
})();

const shell = (command: string) => run("sh", ["-c", `${command} | sha256sum`]);

const CLIENTS: Record<string, readonly [readonly string[], (bench: Bench) => Promise<Outcome>]> = {
  ssh: [
    ["ssh"],
    ({ knownHosts, alice, listener }) =>
      shell(
        `ssh -F none -T -n -o BatchMode=yes -o IdentityAgent=none -o UserKnownHostsFile=${knownHosts} ` +
          `-i ${alice.file} -p ${listener.port} alice@127.0.0.1 -s sshrpc`,
      ),
  ],
  plink: [
    ["plink", "puttygen"],
    async ({ listener, alice }) => {
      await run("puttygen", [alice.file, "-O", "private", "-o", `${alice.file}.ppk`]);
      return shell(
        `plink -ssh -batch -noagent -T -hostkey ${listener.fingerprints[0]} -P ${listener.port} -i ${alice.file}.ppk ` +
          "-s alice@127.0.0.1 sshrpc </dev/null",
      );
    },
  ],
  dbclient: [
    ["dbclient", "dropbearkey"],
    async ({ directory, authorizedKeys, listener }) => {
      const { stdout } = await run("dropbearkey", ["-t", "ed25519", "-f", `${directory}/dropbear`]);
      appendFileSync(authorizedKeys, `${/^ssh-ed25519 .*$/m.exec(stdout)?.[0]}\n`);
      return shell(
        `dbclient -y -y -T -i ${directory}/dropbear -p ${listener.port} -s alice@127.0.0.1 sshrpc </dev/null`,
      );
    },
  ],
  paramiko: [
    ["python3-paramiko"],
    ({ listener, alice, knownHosts }) =>
      run(PYTHON, ["-W", "ignore", "-c", PARAMIKO, String(listener.port), alice.file, knownHosts]),
  ],
  asyncssh: [
    ["python3-asyncssh"],
    ({ listener, alice, knownHosts }) =>
      run(PYTHON, ["-W", "ignore", "-c", ASYNCSSH, String(listener.port), alice.file, knownHosts]),
  ],
  libssh2: [
    ["libnet-ssh2-perl"],
    ({ listener, alice, knownHosts }) => run(PERL, ["-e", LIBSSH2, String(listener.port), alice.file, knownHosts]),
  ],
};

const LIBSSH2 = `
use strict; use warnings; use Net::SSH2; use Digest::SHA;
my ($port, $key, $known) = @ARGV;
my $ssh = Net::SSH2->new;
$ssh->connect("127.0.0.1", $port) && $ssh->check_hostkey("strict", $known) && $ssh->auth_publickey("alice", undef, $key)
    or $ssh->die_with_error;
my $channel = $ssh->channel or $ssh->die_with_error;
$channel->subsystem("sshrpc") or $ssh->die_with_error;
my $digest = Digest::SHA->new(256);
until ($channel->eof) {
    my $data; $digest->add($data) if $channel->read($data, 65536);
}
print $digest->hexdigest;
`;

const PARAMIKO = `
import hashlib, paramiko, sys
port, key, known = sys.argv[1:]
client = paramiko.SSHClient()
client.load_host_keys(known)
client.connect("127.0.0.1", int(port), username="alice", key_filename=key, allow_agent=False, look_for_keys=False)
channel = client.get_transport().open_session()
channel.invoke_subsystem("sshrpc")
digest = hashlib.sha256()
while data := channel.recv(65536):
    digest.update(data)
print(digest.hexdigest())
client.close()
`;

const ASYNCSSH = `
import asyncio, asyncssh, hashlib, sys
async def main(port, key, known):
    async with asyncssh.connect("127.0.0.1", int(port), username="alice", client_keys=[key], known_hosts=known,
                                agent_path=None, config=None) as connection:
        process = await connection.create_process(subsystem="sshrpc", encoding=None)
        print(hashlib.sha256(await process.stdout.read()).hexdigest())
asyncio.run(main(*sys.argv[1:]))
`;

for (const [name, [programs, receive]] of Object.entries(CLIENTS)) {
  itWith(programs, `${name} completes rekeys that the server starts during a transfer, and loses no data`, async () => {
    const bench = await startBench({ rekeyBytes: 1024 * 1024 }, (duplex) => void sendSlowly(duplex));
    const { stdout, stderr } = await receive(bench);
    expect(stdout.split(/\s/)[0], stderr).toBe(EXPECTED);
    expect(bench.log.with("new keys").length).toBeGreaterThanOrEqual(2);
  });
}
