import { copyFileSync, readFileSync } from "node:fs";
import { expect } from "vitest";
import { string } from "../../runtime/src/ssh/keys/format/binary-writer.js";
import { answerAttempt } from "../../runtime/src/ssh/keys/lists/answer-attempt.js";
import { parseAuthorizedKeys } from "../../runtime/src/ssh/keys/lists/authorized-keys.js";
import { type KeyType, takeKey } from "../fixtures/keys.js";
import { makeKey, tempDir, write } from "../unit/runtime/ssh/support.js";
import { CORPUS } from "./authorized-keys-corpus.js";
import { run } from "./run.js";
import { SSHD, startSshd, USER } from "./sshd.js";
import { itWith } from "./stock.js";

/** Keys per connection: ssh accepts a hundred files. */
const BATCH = 50;

/** The fingerprints of the public keys, in files, that sshd accepts with a list. */
async function acceptedBySshd(list: string, files: readonly string[]): Promise<ReadonlySet<string>> {
  const sshd = await startSshd({ config: [`AuthorizedKeysFile ${list}`, "MaxAuthTries 1000"] });
  const config = ["BatchMode=yes", "IdentitiesOnly=yes", "IdentityAgent=none"];
  config.push(`UserKnownHostsFile=${sshd.knownHosts}`, `Port=${sshd.port}`);
  const options = ["-v", "-F", "none", ...config.flatMap((config) => ["-o", config])];
  const accepted = new Set<string>();
  for (let start = 0; start < files.length; start += BATCH) {
    // Without the private key, ssh learns whether a key is acceptable, and continues with the next.
    const identities = files.slice(start, start + BATCH).flatMap((file) => ["-i", file]);
    const { stderr } = await run("ssh", [...options, ...identities, `${USER}@127.0.0.1`, "true"]);
    expect(stderr).toContain("Permission denied (publickey)");
    for (const [, fingerprint = ""] of stderr.matchAll(/Server accepts key: .* (SHA256:\S+)/g))
      accepted.add(fingerprint);
  }
  return accepted;
}

/** One file with all entries, and their keys. */
function writeCorpus() {
  const directory = tempDir();
  const entries = CORPUS.map((entry, index) => {
    const key = makeKey(directory, `key${index}`);
    const file = write(directory, `key${index}.pub`, `${key.line}\n`);
    return { ...entry, key: key.publicKey, line: entry.text(key.line), file };
  });
  const newline = Buffer.from("\n");
  const content = Buffer.concat(entries.flatMap(({ line }, at) => [...(at === 0 ? [] : [newline]), Buffer.from(line)]));
  const parsed = parseAuthorizedKeys([{ name: "list", text: content.toString("utf8") }]);
  return { entries, parsed, list: write(directory, "list", content) };
}

itWith(
  ["ssh", SSHD],
  "a corpus of authorized_keys accepts the keys that sshd accepts, except where sshd is too lenient",
  async () => {
    const { entries, parsed, list } = writeCorpus();
    const sshdAccepts = await acceptedBySshd(
      list,
      entries.map(({ file }) => file),
    );
    const verdicts = entries.map(({ what, key }) => {
      const answer = answerAttempt(parsed.keys, { user: USER, key, address: "127.0.0.1:1" });
      return { what, ours: answer !== undefined && !("deny" in answer), sshd: sshdAccepts.has(key.fingerprint) };
    });
    expect(verdicts).toEqual(
      CORPUS.map(({ what, accepted, stricter }) => ({
        what,
        ours: accepted,
        sshd: accepted || stricter !== undefined,
      })),
    );
  },
);

itWith(["ssh-keygen"], "ssh-keygen finds each key that a corpus of authorized_keys lists", async () => {
  const { entries, parsed, list } = writeCorpus();
  const { stdout } = await run("ssh-keygen", ["-lf", list]);
  const found = new Set([...stdout.matchAll(/ (SHA256:\S+) /g)].map(([, fingerprint]) => fingerprint));
  const listed = new Set(parsed.keys.map(({ key }) => key.fingerprint));
  expect([...listed].filter((fingerprint) => !found.has(fingerprint))).toEqual([]);
  // Keys that it finds and that are not listed are on lines reported as invalid.
  const lost = entries.filter(({ key: { fingerprint } }) => found.has(fingerprint) && !listed.has(fingerprint));
  for (const { what, key } of lost) {
    const base64 = key.blob.toString("base64");
    expect(
      parsed.wrong.some(({ text }) => text.replaceAll(/\s/g, "").includes(base64)),
      what,
    ).toBe(true);
  }
  expect(listed.size).toBeGreaterThan(50);
});

itWith(["ssh", "ssh-keygen", SSHD], "keys of every type are accepted as by sshd, except weak RSA keys", async () => {
  const directory = tempDir();
  const plain: readonly [type: KeyType, ours: boolean][] = [
    ["ed25519", true],
    ["ecdsa-256", true],
    ["ecdsa-384", true],
    ["ecdsa-521", true],
    ["rsa-2048", true],
    ["rsa-1024", false],
  ];
  for (const [type] of plain) copyFileSync(`${takeKey(type)}.pub`, `${directory}/${type}.pub`);
  const blobOf = (name: string) =>
    Buffer.from(readFileSync(`${directory}/${name}.pub`, "utf8").split(" ")[1] ?? "", "base64");
  // A security key consists of the inner key, under another type, and its application (PROTOCOL.u2f).
  const device = (type: string, name: string) => {
    const inner = blobOf(name);
    const rest = inner.subarray(4 + inner.readUInt32BE());
    return `${type} ${Buffer.concat([string(type), rest, string("ssh:")]).toString("base64")} ${type}\n`;
  };
  write(directory, "sk-ed25519.pub", device("sk-ssh-ed25519@openssh.com", "ed25519"));
  write(directory, "sk-ecdsa.pub", device("sk-ecdsa-sha2-nistp256@openssh.com", "ecdsa-256"));
  const expected = new Map<string, boolean>([...plain, ["sk-ed25519", true], ["sk-ecdsa", true]]);
  const lines = [...expected.keys()].map((name) => readFileSync(`${directory}/${name}.pub`, "utf8"));
  const list = write(directory, "list", lines.join(""));
  const { keys } = parseAuthorizedKeys([{ name: "list", text: lines.join("") }]);
  const files = [...expected.keys()].map((name) => `${directory}/${name}.pub`);
  expect((await acceptedBySshd(list, files)).size).toBe(expected.size);
  const { stdout } = await run("ssh-keygen", ["-lf", list]);
  const fingerprints = [...stdout.matchAll(/ (SHA256:\S+) /g)].map(([, fingerprint]) => fingerprint);
  expect(keys.map(({ key }) => key.fingerprint)).toEqual(fingerprints.filter((_, at) => [...expected.values()][at]));
});
