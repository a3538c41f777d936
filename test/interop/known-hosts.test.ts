import { spawnSync } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { expect } from "vitest";
import { HostVerifier } from "../../runtime/src/ssh/client/trust/host-verifier.js";
import { generateEd25519 } from "../../runtime/src/ssh/keys/format/generate-ed25519.js";
import { publicKeyLine } from "../../runtime/src/ssh/keys/format/public-key.js";
import { knownHostsName, lookUpKnownHosts } from "../../runtime/src/ssh/keys/lists/known-hosts.js";
import { readFixture } from "../fixtures/keys.js";
import { makeKey, startBench, tempDir, write } from "../unit/runtime/ssh/support.js";
import { run } from "./run.js";
import { itWith, PYTHON } from "./stock.js";

const other = () => publicKeyLine(generateEd25519().publicKey);

const publicFixture = (name: string) => readFixture(`${name}.pub`).split(" ").slice(0, 2).join(" ");

function hashed(name: string): string {
  const salt = randomBytes(20);
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}

/** Lines of known_hosts; `ssh-keygen -F` prints lines with a damaged key, and ssh skips them. */
type Corpus = readonly { readonly line: string; readonly damaged?: boolean }[];

/** @param good the host key of the server */
async function corpus(good: string): Promise<Corpus> {
  const [rsa, ec] = [publicFixture("rsa-2048-1"), publicFixture("ecdsa-256-1")];
  const blob = good.split(" ")[1] as string;
  const [otherType, otherBlob] = other().split(" ") as [string, string];
  const lines: [line: string, damaged?: true][] = [
    ["# the hosts of a corpus"],
    [""],
    ["   \t  "],
    [`#edge ${good}`],
    ["  # indented"],
    [`plain ${good}`],
    [`commented ${good} a comment, with "quotes" and #`],
    [`list-a,list-b,192.0.2.1 ${good}`],
    [`[ported]:8022 ${good}`],
    [`[both]:8022,both ${good}`],
    [`[ported-22]:22 ${good}`],
    [`[bracketed] ${good}`],
    [`[::1]:8022 ${good}`],
    [`2001:db8::1 ${good}`],
    [`*.example.com ${good}`],
    [`*.example.org,!bad.example.org ${good}`],
    [`!bad.example.net,*.example.net ${good}`],
    [`!only-negated ${good}`],
    [`h?st ${good}`],
    [`[*.ports.example]:8022 ${good}`],
    [`[any-port]:* ${good}`],
    [`10.0.0.* ${good}`],
    [`UPPER,Mixed.Example ${good}`],
    [`\tindented-tab\t${good.replace(" ", "\t")}`],
    [`   indented   ${good.replace(" ", "   ")}   `],
    [`crlf ${good}\r`],
    [`crlf-comment ${good} comment\r`],
    [`,empty-first ${good}`],
    [`empty-middle,,x-empty ${good}`],
    [`empty-last, ${good}`],
    [`trailing-dot. ${good}`],
    [`${hashed("hashed")} ${good}`],
    [`${hashed("[hashed]:8022")} ${good}`],
    [`${hashed("HASHED-UPPER")} ${good}`],
    [`${hashed("hash-list")},plain-after-hash ${good}`],
    [`|1|| ${good}`],
    [`|1|not|base64 ${good}`],
    [`|2|${hashed("hash-two").slice(3)} ${good}`],
    [`${hashed("hash-cut").slice(0, -4)} ${good}`],
    [`changed ${other()}`],
    [`clash ${other()}`],
    [`clash ${good}`],
    [`twice ${good}`],
    [`twice ${good}`],
    [`other-type ${rsa}`],
    [`more-types ${ec}`],
    [`more-types ${rsa}`],
    [`more-types ${good}`],
    [`revoked ${good}`],
    [`@revoked revoked ${good}`],
    [`@revoked revoked-other ${other()}`],
    [`revoked-other ${good}`],
    [`@revoked *.revoked.example ${good}`],
    [`a.revoked.example ${good}`],
    [`@revoked\ttabbed-marker\t${good}`],
    [`@revoked revoked-unknown ${good}`],
    [`@revoked ${hashed("revoked-hashed")} ${good}`],
    [`revoked-hashed ${good}`],
    [`@cert-authority authority ${good}`],
    [`@cert-authority *.authority.example ${other()}`],
    [`b.authority.example ${good}`],
    [`@REVOKED upper-marker ${good}`],
    [`@unknown unknown-marker ${good}`],
    [`@revoked@ odd-marker ${good}`],
    [`@revoked @revoked two-markers ${good}`],
    ["@revoked"],
    ["@revoked lonely"],
    ["lonely"],
    ["no-blob ssh-ed25519", true],
    [`cut ssh-ed25519 ${blob.slice(0, 40)}`, true],
    ["not-base64 ssh-ed25519 ???", true],
    [`type-differs ssh-rsa ${blob}`, true],
    [`unknown-type ssh-future ${blob}`, true],
    [`certificate ssh-ed25519-cert-v01@openssh.com ${blob}`, true],
    ["old-format 1024 35 123456789012345678901234567890", true],
    [`after-damage ${otherType} ${otherBlob.slice(0, 20)}`, true],
    [`after-damage ${good}`],
    [`"quoted" ${good}`],
    [`b\u00fccher.example ${good}`],
    [`${"long.example,".repeat(9000)}at-the-end ${good}`],
    [`long-comment ${good} ${"x".repeat(100_000)}`],
    [`@revoked ${"long.example,".repeat(9000)}revoked-at-the-end ${good}`],
    [`${"*a".repeat(60)} ${good}`],
    [`last ${good}`],
  ];
  return lines.map(([line, damaged]) => ({ line, ...(damaged && { damaged }) }));
}

const USUAL_PORT = [
  ...["plain", "PLAIN", "commented", "list-a", "list-b", "192.0.2.1", "ported", "both", "ported-22", "bracketed"],
  ...["2001:db8::1", "a.example.com", "A.Example.COM", "example.com", "x.example.org", "bad.example.org"],
  ...["bad.example.net", "good.example.net", "only-negated", "host", "hoost", "10.0.0.7", "upper", "mixed.example"],
  ...["indented-tab", "indented", "crlf", "crlf-comment", "empty-first", "empty-middle", "x-empty", "empty-last"],
  ...["trailing-dot", "trailing-dot.", "hashed", "hashed-upper", "hash-list", "plain-after-hash", "hash-two"],
  ...["hash-cut", "changed", "clash", "twice", "other-type", "more-types", "revoked", "revoked-other"],
  ...["a.revoked.example", "c.revoked.example", "tabbed-marker", "revoked-unknown", "revoked-hashed", "authority"],
  ...["b.authority.example", "c.authority.example", "upper-marker", "unknown-marker", "odd-marker", "two-markers"],
  ...["lonely", "no-blob", "cut", "not-base64", "type-differs", "unknown-type", "certificate", "old-format"],
  ...["after-damage", "quoted", "at-the-end", "revoked-at-the-end", "long-comment", "last", "absent", "long.example"],
];
const OTHER_PORT = [
  "plain",
  "ported",
  "both",
  "::1",
  "a.ports.example",
  "any-port",
  "hashed",
  "changed",
  "revoked",
  "absent",
];
const HOSTS: readonly (readonly [string, number])[] = [
  ...USUAL_PORT.map((name) => [name, 22] as const),
  ...OTHER_PORT.map((name) => [name, 8022] as const),
];

itWith(["ssh-keygen"], "finds the same lines in a corpus of known_hosts as ssh-keygen -F", async () => {
  const lines = await corpus(other());
  expect(lines.length).toBeGreaterThanOrEqual(60);
  const file = write(tempDir(), "known_hosts", lines.map(({ line }) => line).join("\n"));
  const outcomes: { readonly name: string; readonly ours: number[]; readonly stock: number[] }[] = [];
  for (const [host, port] of HOSTS) {
    const name = knownHostsName(host, port);
    const { stdout } = spawnSync("ssh-keygen", ["-F", name, "-f", file], { encoding: "utf8", maxBuffer: 2 ** 24 });
    const stock = [...stdout.matchAll(/found: line (\d+)/g)].map(([, line]) => Number(line));
    const { known, revoked, authorities } = await lookUpKnownHosts([file], host, port);
    const ours = [...known, ...revoked, ...authorities].map(({ line }) => line).sort((a, b) => a - b);
    outcomes.push({ name, ours, stock: stock.filter((line) => lines[line - 1]?.damaged !== true) });
  }
  // OpenSSH ignores a marker followed by a tab; this client revokes the key.
  const differing = outcomes.filter(({ ours, stock }) => ours.join() !== stock.join());
  expect(differing.map(({ name, stock }) => [name, stock])).toEqual([["tabbed-marker", []]]);
});

/** Connects to a port of loopback, for any host name. */
const RELAY = `
import os, select, socket, sys
other = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
while True:
    for ready in select.select([0, other], [], [])[0]:
        data = os.read(0, 65536) if ready == 0 else other.recv(65536)
        if not data:
            sys.exit()
        if ready == 0:
            other.sendall(data)
        else:
            os.write(1, data)
`;

itWith(
  ["ssh", PYTHON],
  "decides on a host key as ssh with StrictHostKeyChecking=yes",
  async () => {
    const bench = await startBench();
    const lines = await corpus(bench.hostKey.line);
    const file = write(bench.directory, "corpus", lines.map(({ line }) => line).join("\n"));
    const mallory = makeKey(bench.directory, "mallory").file;
    const relay = write(bench.directory, "relay.py", RELAY);
    const proxy = `${PYTHON} -I -S ${relay} ${bench.listener.port}`;
    const options = ["-F", "none", "-T", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"];
    options.push("-o", `UserKnownHostsFile=${file}`, "-o", "GlobalKnownHostsFile=none", "-i", mallory);
    options.push("-o", "StrictHostKeyChecking=yes", "-o", `ProxyCommand=${proxy}`);
    const decide = async ([host, port]: readonly [string, number]) => {
      const { stderr } = await run("ssh", [...options, "-p", String(port), `alice@${host}`, "true"]);
      // ssh reaches the authentication, or not.
      const stock = /Permission denied/.test(stderr)
        ? true
        : /Host key verification failed/.test(stderr)
          ? false
          : stderr;
      const verifier = new HostVerifier(host, port, { knownHosts: await lookUpKnownHosts([file], host, port) });
      return { host, port, stock, ours: verifier.verify(bench.hostKey.publicKey.blob) };
    };
    const queue = [...HOSTS];
    const outcomes: Awaited<ReturnType<typeof decide>>[] = [];
    const work = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) outcomes.push(await decide(next));
    };
    await Promise.all([work(), work(), work()]);
    expect(outcomes.filter(({ stock, ours }) => stock !== ours)).toEqual([]);
    // Both decisions occur.
    expect(new Set(outcomes.map(({ ours }) => ours))).toEqual(new Set([true, false]));
  },
  60_000,
);
