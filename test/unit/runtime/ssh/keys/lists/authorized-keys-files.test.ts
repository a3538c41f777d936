import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { KeyAttempt } from "sshrpc/server";
import { expect, it, onTestFinished, vi } from "vitest";
import { logObserver } from "../../../../../../runtime/src/observe/log-observer.js";
import { AuthorizedKeysFiles } from "../../../../../../runtime/src/ssh/keys/lists/authorized-keys-files.js";
import { UnknownScopes } from "../../../../../../runtime/src/ssh/keys/lists/unknown-scopes.js";
import { makeKey, TestLog, tempDir, write } from "../../support.js";

const directory = () => {
  const path = tempDir();
  return { path, alice: makeKey(path, "alice"), bob: makeKey(path, "bob") };
};
type Key = ReturnType<typeof makeKey>;

/** Opens a source on a file, with a mock that counts its changes. */
async function open(file: string, scopes?: readonly string[]) {
  const log = new TestLog();
  const source = await AuthorizedKeysFiles.open([file], {
    observer: logObserver(log).observer,
    ...(scopes && { unknownScopes: new UnknownScopes(scopes) }),
  });
  onTestFinished(() => source.close());
  const changed = vi.fn();
  source.onChange(changed);
  const attempt = (key: Key, address = "192.0.2.7:50122"): KeyAttempt => ({
    user: "u",
    key: key.publicKey,
    address,
  });
  const lookup = (key: Key, address?: string) => source.lookup(attempt(key, address));
  const errors = () => log.lines.filter(({ level }) => level === "error").map(({ message }) => message);
  return { source, log, changed, lookup, errors, attempt };
}

const soon = { timeout: 15_000 };

it.each<[string, (path: string, text: string) => void]>([
  ["is appended to", (path, text) => appendFileSync(`${path}/keys`, text)],
  [
    "is replaced, as by an editor",
    (path, text) => {
      write(path, "new", text);
      renameSync(`${path}/new`, `${path}/keys`);
    },
  ],
  [
    "is removed and created again",
    (path, text) => {
      rmSync(`${path}/keys`);
      setTimeout(() => write(path, "keys", text), 300);
    },
  ],
])("notifies of a change without a lookup, if the file %s", async (_, change) => {
  const { path, alice, bob } = directory();
  const file = write(path, "keys", `${alice.line}\n`);
  const { changed, lookup } = await open(file);
  change(path, `${bob.line}\n`);
  await expect.poll(() => changed.mock.calls.length, soon).toBe(1);
  expect(await lookup(bob)).toEqual({ scopes: [] });
});

it("notifies of a change if a symbolic link points to another file, as in Kubernetes mounts", async () => {
  const { path, alice, bob } = directory();
  for (const [version, { line }] of [["v1", alice] as const, ["v2", bob] as const]) {
    mkdirSync(`${path}/${version}`);
    write(`${path}/${version}`, "keys", `${line}\n`);
  }
  symlinkSync("v1", `${path}/data`);
  symlinkSync("data/keys", `${path}/keys`);
  const { changed, lookup } = await open(`${path}/keys`);
  symlinkSync("v2", `${path}/data_new`);
  renameSync(`${path}/data_new`, `${path}/data`);
  await expect.poll(() => changed.mock.calls.length, soon).toBe(1);
  expect(await lookup(alice)).toBeUndefined();
  expect(await lookup(bob)).toEqual({ scopes: [] });
});

it("notifies of a change if the directory is replaced", async () => {
  const { path, alice, bob } = directory();
  for (const [folder, { line }] of [["live", alice] as const, ["next", bob] as const]) {
    mkdirSync(`${path}/${folder}`);
    write(`${path}/${folder}`, "keys", `${line}\n`);
  }
  const { changed, lookup } = await open(`${path}/live/keys`);
  renameSync(`${path}/live`, `${path}/old`);
  renameSync(`${path}/next`, `${path}/live`);
  await expect.poll(() => changed.mock.calls.length, soon).toBe(1);
  expect(await lookup(alice)).toBeUndefined();
  expect(await lookup(bob)).toEqual({ scopes: [] });
});

it("skips a line that a change makes invalid and names it, while the removals of the change apply", async () => {
  const { path, alice, bob } = directory();
  const file = write(path, "keys", `${alice.line}\n${bob.line}\n`);
  const { changed, lookup, source } = await open(file);
  write(path, "keys", `# alice left\nform="10.0.0.0/8" ${bob.line}\n`);
  await expect.poll(() => changed.mock.calls.length, soon).toBe(1);
  expect(source.warnings[0]).toMatch(/keys:2: unknown option form; .*; the line is ignored$/);
  expect(await lookup(alice)).toBeUndefined();
  expect(await lookup(bob)).toBeUndefined();
  write(path, "keys", `# alice left\nfrom="10.0.0.0/8" ${bob.line}\n`);
  await expect.poll(() => changed.mock.calls.length, soon).toBe(2);
  expect(await lookup(bob)).toEqual({ deny: expect.stringContaining('is not in from="10.0.0.0/8"') });
});

it("ignores lines that are invalid at the start, with a warning, and applies later changes beside them", async () => {
  const { path, alice, bob } = directory();
  const file = write(path, "keys", `magic ${bob.line}\n${alice.line}\n`);
  const { source, lookup } = await open(file);
  expect(source.warnings).toEqual([
    `${file}:1: unknown option magic; ignoring it could grant the key too much; the line is ignored`,
  ]);
  expect(await lookup(bob)).toBeUndefined();
  write(path, "keys", `magic ${bob.line}\n`);
  expect(await lookup(alice)).toBeUndefined();
});

it("keeps a key while the file is being written", async () => {
  const { path, alice, bob } = directory();
  const file = write(path, "keys", `${alice.line}\n`);
  const { changed, lookup } = await open(file);
  const descriptor = openSync(file, "r+");
  ftruncateSync(descriptor);
  const asked = lookup(alice);
  await delay(20);
  writeSync(descriptor, `${alice.line}\n${bob.line}\n`);
  closeSync(descriptor);
  expect(await asked).toEqual({ scopes: [] });
  expect(await lookup(bob)).toEqual({ scopes: [] });
  expect(changed).toHaveBeenCalledTimes(1);
});

it("keeps the list if the file cannot be read, and logs that once", async () => {
  const { path, alice } = directory();
  const file = write(path, "keys", `${alice.line}\n`);
  const { lookup, errors } = await open(file);
  rmSync(file);
  mkdirSync(file);
  for (let times = 0; times < 3; times++) expect(await lookup(alice)).toEqual({ scopes: [] });
  // A refresh may have run while there was neither.
  expect(errors().filter((line) => !line.includes("does not exist"))).toEqual([
    `authorized_keys file ${file} is not a regular file; the last valid keys stay in force until the file is fixed`,
  ]);
});

it("uses the first line of a key whose restrictions allow the login, and gives a reason if none does", async () => {
  const { path, alice, bob } = directory();
  const lines = [
    `from="10.0.0.0/8",scopes="inside" ${alice.line}`,
    `from="*,!192.0.2.*,!2001:db8::/32",scopes="outside" ${alice.line}`,
    `expiry-time="20200101Z" ${bob.line}`,
  ];
  const { lookup } = await open(write(path, "keys", `${lines.join("\n")}\n`));
  expect(await lookup(alice, "10.1.2.3:1")).toEqual({ scopes: ["inside"] });
  expect(await lookup(alice, "198.51.100.1:1")).toEqual({ scopes: ["outside"] });
  expect(await lookup(alice, "[2001:db9::1]:1")).toEqual({ scopes: ["outside"] });
  const elsewhere = {
    deny: expect.stringMatching(/^the source address is not in from="10.0.0.0\/8" \(.*keys:1\)$/),
  };
  expect(await lookup(alice, "192.0.2.9:1")).toEqual(elsewhere);
  expect(await lookup(alice, "[2001:db8::1]:1")).toEqual(elsewhere);
  expect(await lookup(alice, "unknown")).toEqual(elsewhere);
  expect(await lookup(bob)).toEqual({
    deny: expect.stringMatching(/expired at 2020-01-01T00:00:00.000Z \(.*keys:3\)/),
  });
});

it("returns each line of an authority for its certificates, and never accepts it as a login key", async () => {
  const { path, alice, bob } = directory();
  const lines = [
    `cert-authority,principals="admin",scopes="*" ${alice.line}`,
    `cert-authority,scopes="x" ${alice.line}`,
    `cert-authority,from="10.0.0.0/8" ${alice.line}`,
    bob.line,
  ];
  const { source, lookup, attempt } = await open(write(path, "keys", `${lines.join("\n")}\n`));
  expect(await lookup(alice)).toBeUndefined();
  expect(await source.authorities(attempt(alice))).toEqual([
    { scopes: ["*"], principals: ["admin"] },
    { scopes: ["x"] },
  ]);
  expect(await source.authorities(attempt(bob))).toEqual([]);
});

it("warns of scopes that no method requires, with the nearest one", async () => {
  const { path, alice, bob } = directory();
  const lines = [`scopes="*,notes:*,note:read,time:*" ${alice.line}`, `scopes="notse:*,zzz" ${bob.line}`];
  const file = write(path, "keys", `${lines.join("\n")}\n`);
  const { source } = await open(file, ["notes:read", "notes:write"]);
  expect(source.warnings).toEqual([
    `${file}:1: no method requires the scope "note:read"; did you mean "notes:read"?`,
    `${file}:1: no method requires the scope "time:*"`,
    `${file}:2: no method requires the scope "notse:*"; did you mean "notes:*"?`,
    `${file}:2: no method requires the scope "zzz"`,
  ]);
});

it("lists at most a hundred warnings, and then their number", async () => {
  const { path, alice } = directory();
  const file = write(path, "keys", `${"rubbish\n".repeat(250)}${alice.line}\n`);
  const { source } = await open(file);
  expect(source.warnings).toHaveLength(101);
  expect(source.warnings.at(-1)).toBe("and 150 more warnings");
});

it("does not notify after it is closed", async () => {
  const { path, alice } = directory();
  const file = write(path, "keys", `${alice.line}\n`);
  const { source, changed } = await open(file);
  await source.close();
  write(path, "keys", "");
  await delay(400);
  expect(changed).not.toHaveBeenCalled();
  await source.close();
});
