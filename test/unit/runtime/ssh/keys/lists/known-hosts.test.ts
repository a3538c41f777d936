import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { generateEd25519 } from "../../../../../../runtime/src/ssh/keys/format/generate-ed25519.js";
import { publicKeyLine } from "../../../../../../runtime/src/ssh/keys/format/public-key.js";
import { addKnownHost } from "../../../../../../runtime/src/ssh/keys/lists/add-known-host.js";
import { knownHostsName, lookUpKnownHosts } from "../../../../../../runtime/src/ssh/keys/lists/known-hosts.js";
import { matchesWildcard } from "../../../../../../runtime/src/ssh/keys/lists/wildcard.js";
import { itWith } from "../../../../../interop/stock.js";
import { failure, tempDir, write } from "../../support.js";

const lines = Array.from({ length: 12 }, () => publicKeyLine(generateEd25519().publicKey));
const FILE = [
  "# known hosts",
  `edge ${lines[0]}`,
  `edge,192.0.2.1,[edge]:8022 ${lines[1]} a comment`,
  `*.example.com,!bad.example.com ${lines[2]}`,
  `[*.example.com]:8022 ${lines[3]}`,
  `h?st ${lines[4]}`,
  `@revoked edge ${lines[5]}`,
  `@cert-authority *.example.com ${lines[6]}`,
  `  Upper.Case\t${lines[7]}  `,
  `[::1]:8022,[127.0.0.1]:8022 ${lines[8]}`,
  "edge ssh-ed25519 damaged",
  "edge",
  "@revoked",
  `edge ssh-rsa ${lines[9]?.split(" ")[1]}`,
  "|1|not|hashed ssh-ed25519 x",
  `crlf ${lines[10]}\r`,
  `last ${lines[11]}`,
].join("\n");

const HOSTS: readonly [string, number][] = [
  ["edge", 22],
  ["EDGE", 22],
  ["edge", 8022],
  ["192.0.2.1", 22],
  ["a.example.com", 22],
  ["A.Example.com", 22],
  ["bad.example.com", 22],
  ["a.example.com", 8022],
  ["example.com", 22],
  ["host", 22],
  ["hoost", 22],
  ["upper.case", 22],
  ["::1", 8022],
  ["127.0.0.1", 8022],
  ["127.0.0.1", 22],
  ["crlf", 22],
  ["last", 22],
  ["other", 22],
];

/** Lines with damaged keys: `ssh-keygen -F` prints them, and ssh skips them. */
const DAMAGED = [11, 14];

/** The lines that `ssh-keygen -F` finds. */
function stockLines(file: string, name: string): number[] {
  const { stdout } = spawnSync("ssh-keygen", ["-F", name, "-f", file], { encoding: "utf8" });
  return [...stdout.matchAll(/found: line (\d+)/g)]
    .map(([, line]) => Number(line))
    .filter((line) => !DAMAGED.includes(line));
}

async function ourLines(file: string, host: string, port: number): Promise<number[]> {
  const { known, revoked, authorities } = await lookUpKnownHosts([file], host, port);
  return [...known, ...revoked, ...authorities].map(({ line }) => line).sort((a, b) => a - b);
}

itWith(["ssh-keygen"], "finds what ssh-keygen -F finds, plain and hashed by ssh-keygen -H", async () => {
  const directory = tempDir();
  const plain = write(directory, "plain", FILE);
  for (const [host, port] of HOSTS) {
    expect([host, port, await ourLines(plain, host, port)]).toEqual([
      host,
      port,
      stockLines(plain, knownHostsName(host, port)),
    ]);
  }
  const simple = ["edge", "[edge]:8022", "192.0.2.1", "[::1]:8022"].map((name, at) => `${name} ${lines[at]}`);
  const hashed = write(directory, "hashed", `${simple.join("\n")}\n`);
  spawnSync("ssh-keygen", ["-H", "-f", hashed]);
  expect(readFileSync(hashed, "utf8")).toMatch(/^\|1\|/);
  for (const [host, port] of HOSTS) {
    expect(await ourLines(hashed, host, port)).toEqual(stockLines(hashed, knownHostsName(host, port)));
  }
});

itWith(["ssh-keygen"], "ignores only spaces and tabs before a host name, as ssh-keygen does", async () => {
  const file = write(
    tempDir(),
    "known_hosts",
    [" ", "\t", "\v", "\f", "\u00a0", "\uFEFF"].map((before) => `${before}edge ${lines[0]}\n`).join(""),
  );
  expect(await ourLines(file, "edge", 22)).toEqual([1, 2]);
  expect(stockLines(file, "edge")).toEqual([1, 2]);
});

it("separates known keys, revoked keys and authorities, with file and line", async () => {
  const file = write(tempDir(), "known_hosts", FILE);
  const edge = await lookUpKnownHosts([file], "edge", 22);
  expect(edge.known.map(({ line, key }) => [line, publicKeyLine(key)])).toEqual([
    [2, lines[0]],
    [3, lines[1]],
  ]);
  expect(edge.revoked.map(({ line }) => line)).toEqual([7]);
  expect((await lookUpKnownHosts([file], "a.example.com", 22)).authorities.map(({ line }) => line)).toEqual([8]);
});

it("treats a missing file as empty, and rejects an unreadable one", async () => {
  const directory = tempDir();
  const file = write(directory, "known_hosts", FILE);
  const found = await lookUpKnownHosts([`${directory}/none`, file], "last", 22);
  expect(found.known.map(({ file: from }) => from)).toEqual([file]);
  expect((await failure(lookUpKnownHosts([directory], "last", 22))).message).toBe(
    `known hosts file ${directory} is not a regular file`,
  );
});

it.each([
  ["", "", true],
  ["*", "", true],
  ["?", "", false],
  ["a*c", "abbc", true],
  ["a*c", "abbd", false],
  ["*a*b", "xaxb", true],
  ["a?c", "abc", true],
  ["a.c", "abc", false],
  ["**", "x", true],
  [`${"a*".repeat(50)}b`, "a".repeat(5000), false],
])("matches the wildcard %s", (pattern, text, expected) => {
  expect(matchesWildcard(pattern, text)).toBe(expected);
});

describe("a key that is added to known_hosts", () => {
  const key = generateEd25519().publicKey;
  const other = generateEd25519().publicKey;

  it("creates file and directory for the owner alone, and adds a key once in concurrent additions", async () => {
    const directory = `${tempDir()}/a/.ssh`;
    const file = `${directory}/known_hosts`;
    const adding = [key, key, other, key].map((one) =>
      addKnownHost({ name: "[edge]:8022", key: one, hashed: false }, file),
    );
    await Promise.all([...adding, addKnownHost({ name: "edge", key, hashed: false }, file)]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(readFileSync(file, "utf8")).toBe(
      `[edge]:8022 ${publicKeyLine(key)}\n[edge]:8022 ${publicKeyLine(other)}\nedge ${publicKeyLine(key)}\n`,
    );
  });

  it("starts a new line after a last line without a newline, and keeps the existing text", async () => {
    const file = write(tempDir(), "known_hosts", "# mine\r\nother ssh-ed25519 AAAA", 0o644);
    await addKnownHost({ name: "edge", key, hashed: false }, file);
    expect(readFileSync(file, "utf8")).toBe(`# mine\r\nother ssh-ed25519 AAAA\nedge ${publicKeyLine(key)}\n`);
    expect(statSync(file).mode & 0o777).toBe(0o644);
  });

  it("hashes names, each with its own salt, and finds them again", async () => {
    const file = `${tempDir()}/known_hosts`;
    await addKnownHost({ name: "[edge]:8022", key, hashed: true }, file);
    await addKnownHost({ name: "[edge]:8022", key, hashed: true }, file);
    await addKnownHost({ name: "[edge]:8022", key: other, hashed: true }, file);
    const text = readFileSync(file, "utf8");
    expect(text).not.toContain("edge");
    expect(
      new Set(
        text
          .trim()
          .split("\n")
          .map((line) => line.split(" ")[0]),
      ).size,
    ).toBe(2);
    expect((await lookUpKnownHosts([file], "EDGE", 8022)).known.map(({ line }) => line)).toEqual([1, 2]);
  });

  it("names the file whose directory cannot be made, as in /proc", async () => {
    const { message } = await failure(addKnownHost({ name: "edge", key, hashed: false }, "/proc/x/y/known_hosts"));
    expect(message).toMatch(/^cannot add edge to the known hosts file \/proc\/x\/y\/known_hosts: ENOENT/);
  });

  it("names the file that cannot be written, and continues with others", async () => {
    const directory = tempDir();
    mkdirSync(`${directory}/known_hosts`);
    expect(
      (await failure(addKnownHost({ name: "edge", key, hashed: false }, `${directory}/known_hosts`))).message,
    ).toMatch(/^cannot add edge to the known hosts file \S+\/known_hosts: /);
    chmodSync(directory, 0o700);
    await addKnownHost({ name: "edge", key, hashed: false }, `${directory}/other`);
  });
});
