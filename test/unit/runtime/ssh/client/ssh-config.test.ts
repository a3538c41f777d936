import { homedir } from "node:os";
import { expect, it, onTestFinished } from "vitest";
import { readSshConfig } from "../../../../../runtime/src/ssh/client/ssh-config.js";
import { itWith } from "../../../../interop/stock.js";
import { failure, tempDir, write } from "../support.js";

/** Puts a program of this script before the others; undefined for none at all. */
function fakeSsh(script: string | undefined): void {
  const directory = tempDir();
  if (script !== undefined) write(directory, "ssh", `#!/bin/sh\n${script}\n`, 0o700);
  const { PATH } = process.env;
  process.env["PATH"] = script === undefined ? directory : `${directory}:${PATH}`;
  onTestFinished(() => {
    process.env["PATH"] = PATH;
  });
}

const say = (text: string) => `cat <<'END'\n${text}\nEND`;

it("reads what concerns a connection, with the tokens of file names", async () => {
  fakeSsh(
    say(`host edge
user deploy
hostname edge.example.com
port 2222
identityfile ~/.ssh/id_%h_%r
identityfile %d/keys/%n%%
certificatefile ~/.ssh/%h-cert.pub
identitiesonly yes
identityagent ~/the agents/%r
userknownhostsfile ~/.ssh/known_hosts ~/.ssh/known_hosts2
globalknownhostsfile /etc/ssh/ssh_known_hosts
hostkeyalias the-edge
proxycommand none
proxyjump alice@bastion:2200,ssh://second
stricthostkeychecking no`),
  );
  expect(await readSshConfig({ host: "edge" }, undefined, true)).toEqual({
    user: "deploy",
    host: "edge.example.com",
    port: 2222,
    identities: ["~/.ssh/id_edge.example.com_deploy", `${homedir()}/keys/edge%`],
    certificates: ["~/.ssh/edge.example.com-cert.pub"],
    identitiesOnly: true,
    agent: "~/the agents/deploy",
    knownHosts: ["~/.ssh/known_hosts", "~/.ssh/known_hosts2", "/etc/ssh/ssh_known_hosts"],
    hostKeyAlias: "the-edge",
    jump: ["alice@bastion:2200", "ssh://second"],
  });
});

it("hands on what the address says, and nothing as an option", async () => {
  fakeSsh('printf "hostname %s\\n" "$*"');
  const { host } = await readSshConfig({ user: "alice", host: "edge", port: 8022 }, "/a file", true);
  expect(host).toBe("-F /a file -l alice -p 8022 -G -- edge");
});

itWith(
  ["ssh"],
  "finds nothing special where nothing is configured, and leaves the usual keys to their default",
  async () => {
    const file = write(tempDir(), "config", "");
    const { identities, identitiesOnly, jump, agent, host, hostKeyAlias } = await readSshConfig(
      { host: "Edge" },
      file,
      true,
    );
    expect({ identities, identitiesOnly, jump, agent, hostKeyAlias }).toEqual({ identitiesOnly: false, jump: [] });
    expect(host?.toLowerCase()).toBe("edge");
  },
);

it("passes over a missing ssh where nobody asked for it, and says so where somebody did", async () => {
  fakeSsh(undefined);
  expect(await readSshConfig({ host: "edge" }, undefined, false)).toEqual({});
  expect(await failure(readSshConfig({ host: "edge" }, undefined, true))).toMatchObject({
    status: "UNAVAILABLE",
    message:
      "the ssh configuration of edge cannot be read: there is no program ssh to ask; install it, or set sshConfig to false",
  });
});

it("says what ssh says of a configuration that it refuses, in one line", async () => {
  fakeSsh('printf "config: line 3: Bad\\033[2J option\\nterminating\\n" >&2; exit 255');
  expect((await failure(readSshConfig({ host: "edge" }, undefined, false))).message).toBe(
    "the ssh configuration of edge cannot be read: config: line 3: Bad\\u{1b}[2J option; mend it, or set sshConfig to false",
  );
});

it("does not wait for an ssh that never ends, nor read one that says too much", async () => {
  fakeSsh("exec sleep 60");
  const controller = new AbortController();
  const waiting = failure(readSshConfig({ host: "edge" }, undefined, true, controller.signal));
  controller.abort();
  expect(await waiting).toMatchObject({ status: "UNAVAILABLE" });
  fakeSsh("exec yes identityfile");
  expect((await failure(readSshConfig({ host: "edge" }, undefined, true))).message).toMatch(/maxBuffer/);
});

it("names the transport that can follow a ProxyCommand", async () => {
  fakeSsh(say("hostname edge\nproxycommand nc %h %p"));
  expect((await failure(readSshConfig({ host: "edge" }, undefined, true))).message).toMatch(
    /^the ssh configuration of edge has a ProxyCommand.* protocol: "openssh"/,
  );
});
