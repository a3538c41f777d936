import { chmodSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { expect, it } from "vitest";
import { generateEd25519 } from "../../../../../../runtime/src/ssh/keys/format/generate-ed25519.js";
import { publicKeyLine } from "../../../../../../runtime/src/ssh/keys/format/public-key.js";
import { addKnownHost } from "../../../../../../runtime/src/ssh/keys/lists/add-known-host.js";
import { lookUpKnownHosts } from "../../../../../../runtime/src/ssh/keys/lists/known-hosts.js";
import { failure, tempDir, write } from "../../support.js";

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

it("names the file that cannot be written, and continues with others", async () => {
  const directory = tempDir();
  mkdirSync(`${directory}/known_hosts`);
  expect(
    (await failure(addKnownHost({ name: "edge", key, hashed: false }, `${directory}/known_hosts`))).message,
  ).toMatch(/^cannot add edge to the known hosts file \S+\/known_hosts: /);
  chmodSync(directory, 0o700);
  await addKnownHost({ name: "edge", key, hashed: false }, `${directory}/other`);
});
