import { homedir } from "node:os";
import { expect, it, onTestFinished } from "vitest";
import { readSshConfig } from "../../../../../runtime/src/ssh/client/ssh-config.js";
import { itWith } from "../../../../interop/stock.js";
import { failure, tempDir, write } from "../support.js";

/** Puts a program `ssh` with this script first in PATH; undefined leaves PATH without any program. */
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

it("reads the settings of a connection, and expands the tokens in file names", async () => {
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
  expect(await readSshConfig({ host: "edge" }, { file: undefined, required: true })).toEqual({
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

it("passes the parts of the address, and none of them as an option", async () => {
  fakeSsh('printf "hostname %s\\n" "$*"');
  const { host } = await readSshConfig(
    { user: "alice", host: "edge", port: 8022 },
    { file: "/a file", required: true },
  );
  expect(host).toBe("-F /a file -l alice -p 8022 -G -- edge");
});

itWith(["ssh"], "reads no settings from an empty configuration, and keeps the default keys", async () => {
  const file = write(tempDir(), "config", "");
  const { identities, identitiesOnly, jump, agent, host, hostKeyAlias } = await readSshConfig(
    { host: "Edge" },
    { file, required: true },
  );
  expect({ identities, identitiesOnly, jump, agent, hostKeyAlias }).toEqual({ identitiesOnly: false, jump: [] });
  expect(host?.toLowerCase()).toBe("edge");
});

it("ignores a missing program ssh, except if the option sshConfig is set", async () => {
  fakeSsh(undefined);
  expect(await readSshConfig({ host: "edge" }, { file: undefined, required: false })).toEqual({});
  expect(await failure(readSshConfig({ host: "edge" }, { file: undefined, required: true }))).toMatchObject({
    kind: "unavailable",
    message:
      "the ssh configuration of edge cannot be read: program ssh not found; install it, or set sshConfig to false",
  });
});

it("quotes the error of ssh for an invalid configuration, in one line", async () => {
  fakeSsh('printf "config: line 3: Bad\\033[2J option\\nterminating\\n" >&2; exit 255');
  expect((await failure(readSshConfig({ host: "edge" }, { file: undefined, required: false }))).message).toBe(
    "the ssh configuration of edge cannot be read: config: line 3: Bad\\u{1b}[2J option; fix it, or set sshConfig to false",
  );
});

it("aborts an ssh that does not exit, and limits its output", async () => {
  fakeSsh("exec sleep 60");
  const controller = new AbortController();
  const waiting = failure(
    readSshConfig({ host: "edge" }, { file: undefined, required: true, signal: controller.signal }),
  );
  controller.abort();
  expect(await waiting).toMatchObject({ kind: "unavailable" });
  fakeSsh("exec yes identityfile");
  expect((await failure(readSshConfig({ host: "edge" }, { file: undefined, required: true }))).message).toMatch(
    /maxBuffer/,
  );
});

it("expands the tokens of a ProxyCommand, and refuses names that a shell could interpret", async () => {
  const read = (user: string) => readSshConfig({ host: "edge", user }, { file: undefined, required: true });
  fakeSsh(say("user alice\nhostname edge.example.com\nport 2222\nproxycommand nc -X 5 %h %p %n %r 100%%"));
  expect(await read("alice")).toMatchObject({ proxyCommand: "nc -X 5 edge.example.com 2222 edge alice 100%" });
  fakeSsh(say("user a;reboot\nhostname edge\nport 22\nproxycommand nc %h %p %r"));
  expect(await failure(read("a;reboot"))).toMatchObject({
    kind: "bad-request",
    message: '"a;reboot" cannot be passed to the ProxyCommand of edge: a shell could interpret it',
  });
  fakeSsh(say("user a;reboot\nhostname edge\nport 22\nproxycommand nc %h %p"));
  expect(await read("a;reboot")).toMatchObject({ proxyCommand: "nc edge 22" });
});
