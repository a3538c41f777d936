import { expect } from "vitest";
import { answerAttempt } from "../../runtime/src/ssh/keys/answer-attempt.js";
import { parseAuthorizedKeys } from "../../runtime/src/ssh/keys/authorized-keys.js";
import { makeKey, tempDir, write } from "../unit/runtime/ssh/support.js";
import { CORPUS } from "./authorized-keys-corpus.js";
import { run } from "./run.js";
import { SSHD, startSshd, USER } from "./sshd.js";
import { itWith } from "./stock.js";

/** Keys that ssh offers on one connection: it takes a hundred files. */
const BATCH = 50;

/** One file with all entries, and the key of each. */
function writeCorpus() {
  const directory = tempDir();
  const entries = CORPUS.map((entry, index) => {
    const key = makeKey(directory, `key${index}`);
    const file = write(directory, `key${index}.pub`, `${key.line}\n`);
    return { ...entry, key: key.publicKey, line: entry.text(key.line), file };
  });
  const newline = Buffer.from("\n");
  const content = Buffer.concat(entries.flatMap(({ line }, at) => [...(at === 0 ? [] : [newline]), Buffer.from(line)]));
  return { directory, entries, content, list: write(directory, "list", content) };
}

itWith(
  ["ssh", SSHD],
  "a corpus of authorized_keys lets in whom sshd lets in, but where that is too lenient",
  async () => {
    const { entries, content, list } = writeCorpus();
    const sshd = await startSshd({ config: [`AuthorizedKeysFile ${list}`, "MaxAuthTries 1000"] });
    // Of a key whose private half ssh does not have, it learns whether it would do, and goes on to the next.
    const accepts = new Set<string>();
    for (let start = 0; start < entries.length; start += BATCH) {
      const identities = entries.slice(start, start + BATCH).flatMap(({ file }) => ["-i", file]);
      const options = [
        "-v",
        "-F",
        "none",
        "-o",
        "BatchMode=yes",
        "-o",
        "IdentitiesOnly=yes",
        "-o",
        "IdentityAgent=none",
      ];
      options.push("-o", `UserKnownHostsFile=${sshd.knownHosts}`, "-p", String(sshd.port));
      const { stderr } = await run("ssh", [...options, ...identities, `${USER}@127.0.0.1`, "true"]);
      const answers = stderr.matchAll(/Server accepts key: .* (SHA256:\S+)/g);
      for (const [, fingerprint = ""] of answers) accepts.add(fingerprint);
      expect(stderr).toContain("Permission denied (publickey)");
    }
    const { keys } = parseAuthorizedKeys([{ name: "list", text: content.toString("utf8") }]);
    const verdicts = entries.map(({ what, key, stricter }) => {
      const answer = answerAttempt(keys, { user: USER, key, address: "127.0.0.1:1" });
      const ours = answer !== undefined && !("refused" in answer);
      return { what, ours, sshd: accepts.has(key.fingerprint), stricter: stricter !== undefined };
    });
    const expected = CORPUS.map(({ what, accepted, stricter }) => {
      return { what, ours: accepted, sshd: accepted || stricter !== undefined, stricter: stricter !== undefined };
    });
    expect(verdicts).toEqual(expected);
  },
);

itWith(
  ["ssh-keygen"],
  "each key that a corpus of authorized_keys lists is one that ssh-keygen finds there",
  async () => {
    const { entries, content, list } = writeCorpus();
    const { stdout } = await run("ssh-keygen", ["-lf", list]);
    const found = new Set([...stdout.matchAll(/ (SHA256:\S+) /g)].map(([, fingerprint]) => fingerprint));
    const { keys, wrong } = parseAuthorizedKeys([{ name: "list", text: content.toString("utf8") }]);
    const listed = new Set(keys.map(({ key }) => key.fingerprint));
    expect([...listed].filter((fingerprint) => !found.has(fingerprint))).toEqual([]);
    // What it finds and is not listed stands on a line that is named as wrong.
    const lost = entries.filter(({ key: { fingerprint } }) => found.has(fingerprint) && !listed.has(fingerprint));
    for (const { what, key } of lost) {
      const base64 = key.blob.toString("base64");
      expect(
        wrong.some(({ text }) => text.replaceAll(/\s/g, "").includes(base64)),
        what,
      ).toBe(true);
    }
    expect(listed.size).toBeGreaterThan(50);
  },
);
