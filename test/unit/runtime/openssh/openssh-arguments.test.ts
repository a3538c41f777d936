import { expect, test } from "vitest";
import { formatDestination, parseDestination } from "../../../../runtime/src/openssh/destination.js";
import { opensshArguments } from "../../../../runtime/src/openssh/openssh-arguments.js";
import type { OpensshOptions } from "../../../../runtime/src/openssh/openssh-options.js";
import type { DialOptions } from "../../../../runtime/src/ssh/client/dial-options.js";

const argumentsOf = (target: string, options: DialOptions & OpensshOptions = {}, timeout = 10_000) =>
  opensshArguments(parseDestination(target), options, timeout);

test("a bare host name adds only the options that protect the frames and limit the waits", () => {
  expect(argumentsOf("edge").join(" ")).toBe(
    "-T -x -a -o ClearAllForwardings=yes -o PermitLocalCommand=no -o RemoteCommand=none -o LogLevel=ERROR " +
      "-o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=15 -o ServerAliveCountMax=3 -s -- edge sshrpc",
  );
});

test.each<[string, DialOptions & OpensshOptions, string]>([
  ["a key", { identity: "/k e/y%" }, '-o IdentityFile="/k e/y%%" -o IdentitiesOnly=yes'],
  ["keys of an agent", { identity: ["a", "b"], identitiesOnly: false }, '"a" -o IdentityFile="b" -o IdentitiesOnly=no'],
  ["no agent", { agent: false }, "-o IdentityAgent=none"],
  ["an agent", { agent: "/run/agent" }, '-o IdentityAgent="/run/agent"'],
  ["a certificate", { certificate: "c.pub" }, '-o CertificateFile="c.pub"'],
  ["known hosts", { knownHosts: ["a", "b c"] }, '-o UserKnownHostsFile="a" "b c" -o GlobalKnownHostsFile=/dev/null'],
  ["strict trust", { hostKey: "strict" }, "-o StrictHostKeyChecking=yes"],
  ["trust on first use", { hostKey: "accept-new" }, "-o StrictHostKeyChecking=accept-new"],
  ["learned host keys", { updateHostKeys: true }, "-o UpdateHostKeys=yes"],
  ["another name", { hostKeyAlias: "farm", hashKnownHosts: true }, '-o HostKeyAlias="farm" -o HashKnownHosts=yes'],
  ["jump hosts", { jump: ["a@b", "ssh://c:22"] }, "-o ProxyJump=ssh://a@b,ssh://c:22"],
  ["no jump host", { jump: [] }, "-o ProxyJump=none"],
  ["no configuration", { sshConfig: false }, "-F none"],
  ["a configuration", { sshConfig: "/etc/other" }, "-F /etc/other"],
  ["keepalive", { keepaliveInterval: 1500, keepaliveCountMax: 9 }, "-o ServerAliveInterval=2 -o ServerAliveCountMax=9"],
  ["no keepalive", { keepaliveInterval: 0 }, "-o ServerAliveInterval=0"],
  ["prompts", { interactive: true }, "-o BatchMode=no"],
  ["a command", { command: "sshrpc serve --stdio" }, "-- edge sshrpc serve --stdio"],
])("passes on %s", (_, options, expected) => {
  expect(argumentsOf("edge", options).join(" ")).toContain(expected);
});

test("the user's arguments come first, so that they take precedence", () => {
  const args = argumentsOf("edge", { args: ["-o", "BatchMode=no"] });
  expect(args.slice(0, 2)).toEqual(["-o", "BatchMode=no"]);
});

test("user and port are arguments of their own", () => {
  expect(argumentsOf("ssh://al%20ice@edge:8022".replace("%20", "."))).toEqual(
    expect.arrayContaining(["-l", "al.ice", "-p", "8022", "--", "edge"]),
  );
});

test.each<[string, DialOptions]>([
  ["passphrase", { passphrase: "x" }],
  ["password", { password: "x" }],
  ["prompts", { prompts: () => [] }],
  ["hostKey", { hostKey: `SHA256:${"a".repeat(43)}` }],
  ["hostKey", { hostKey: () => true }],
  ["identity", { identity: { privateKey: "-----BEGIN" } }],
  ["identity", { identity: 'a"b' }],
  ["knownHosts", { knownHosts: "\u0024{HOME}/x" }],
  ["agent", { agent: "a\nProxyCommand x" }],
])("the option %s is refused where ssh has no equivalent", (option, options) => {
  expect(() => argumentsOf("edge", options)).toThrow(
    expect.objectContaining({
      status: "BAD_REQUEST",
      message: expect.stringContaining(`option ${option}: not supported by the transport openssh: `),
    }),
  );
});

test.each([
  "-oProxyCommand=id",
  "alice@-oProxyCommand=id",
  "-l@edge",
  "a;id@edge",
  "$(id)@edge",
  "`id`@edge",
  "a\\@edge",
  "edge;id",
  "edge$(id)",
  "ed ge",
  "ed\nge",
  "",
  "alice@",
  "alice:secret@edge",
  "edge:0",
  "edge:99999",
  "ssh://edge/path",
])("refuses a destination that could be an option or shell text: %j", (target) => {
  expect(() => parseDestination(target)).toThrow(expect.objectContaining({ status: "BAD_REQUEST" }));
});

test("a jump host is validated like a destination", () => {
  expect(() => argumentsOf("edge", { jump: "-oProxyCommand=id" })).toThrow(/^invalid address /);
});

test.each([
  ["edge", "ssh://edge"],
  ["alice@edge", "ssh://alice@edge"],
  ["DOMAIN\\alice@edge", "ssh://DOMAIN%5Calice@edge"],
  ["a@b@edge", "ssh://a%40b@edge"],
  ["ssh://alice@[::1]:8022", "ssh://alice@[::1]:8022"],
  ["::1", "ssh://[::1]"],
])("the destination %s reads %s", (text, address) => {
  expect(formatDestination(parseDestination(text))).toBe(address);
});
