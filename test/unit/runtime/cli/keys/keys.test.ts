import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { generateKeyPair } from "sshrpc/testing";
import { describe, expect, test } from "vitest";
import { takeKey } from "../../../../fixtures/keys.js";
import { fingerprintOf, sshrpc, tempDir } from "../run.js";

const pair = (name: string) => {
  const { privateKey, publicKey } = generateKeyPair();
  return { privateKey, line: `${publicKey} ${name}`, fingerprint: fingerprintOf(publicKey) };
};
const [alice, bob, carol] = [pair("alice"), pair("bob"), pair("carol")] as const;

/** `sshrpc keys …` in one directory, which becomes the working directory. */
function inDirectory(files: Readonly<Record<string, string>> = {}) {
  const cwd = tempDir(files);
  const path = (name: string) => `${cwd}/${name}`;
  return {
    path,
    keys: (...args: readonly string[]) => sshrpc(["keys", ...args], { cwd }),
    keysWith: (stdin: string, ...args: readonly string[]) => sshrpc(["keys", ...args], { cwd, stdin }),
    read: (name = ".sshrpc/authorized_keys") => readFileSync(path(name), "utf8"),
  };
}

const refused = (status: number, text: string) => ({
  status,
  stdout: "",
  stderr: expect.stringMatching(new RegExp(`^sshrpc: [^\n]*${text}[^\n]*\n$`)),
});

test("init creates the home directory once, and prints the same on the second run", async () => {
  const { keys, path } = inDirectory();
  const first = await keys("init");
  expect(first).toMatchObject({ status: 0, stderr: "" });
  expect(first.stdout).toMatch(/fingerprint +SHA256:[\w+/]{43}\n/);
  expect(await keys("init")).toEqual(first);
  expect(statSync(path(".sshrpc/authorized_keys")).mode & 0o777).toBe(0o600);
  expect(statSync(path(".sshrpc")).mode & 0o777).toBe(0o700);
});

test("add creates missing files, lists the key with the given options, and prints what its owner needs", async () => {
  const { keys, path, read } = inDirectory({ "alice.pub": alice.line });
  const limits = [
    "--name",
    "alice@laptop",
    "--scopes",
    "notes:read,time:*",
    "--from",
    "192.0.2.0/24,!192.0.2.7",
    "--users",
    "alice,al",
    "--limits",
    "calls=100,rate=50/s",
  ];
  const added = await keys(
    "add",
    "alice.pub",
    ...limits,
    "--expires",
    "2099-12-31T12:00Z",
    "--host",
    "edge",
    "--port",
    "22",
  );
  expect(added).toMatchObject({ status: 0, stderr: "" });
  const options =
    'scopes="notes:read,time:*",users="alice,al",limits="calls=100,rate=50/s",expiry-time="20991231120000Z",from="192.0.2.0/24,!192.0.2.7"';
  const [type, blob] = alice.line.split(" ");
  expect(read().split("\n").at(-2)).toBe(`${options} ${type} ${blob} alice@laptop`);
  expect((await keys("list")).stdout).toContain("users alice,al; calls=100,rate=50/s; expires 2099-12-31T12:00Z");
  expect(added.stdout).toMatch(/\n {2}limits +calls=100,rate=50\/s\n/);
  expect(added.stdout).toContain("ssh://USER@edge:22\n");
  expect(added.stdout).toContain(alice.fingerprint);
  const [, hostBlob] = readFileSync(path(".sshrpc/ssh_host_ed25519_key.pub"), "utf8").split(" ");
  expect(added.stdout).toContain(`known_hosts  edge ssh-ed25519 ${hostBlob}\n`);
});

test("add takes a name of at most 100 characters, and leaves the file as it is for a longer one", async () => {
  const { keys, read } = inDirectory();
  expect(await keys("add", alice.line, "--name", "n".repeat(100))).toMatchObject({ status: 0, stderr: "" });
  const before = read();
  expect(before).toContain(` ${"n".repeat(100)}\n`);
  expect(await keys("add", bob.line, "--name", "n".repeat(101))).toMatchObject(
    refused(2, "use at most 100 characters without control characters"),
  );
  expect(read()).toBe(before);
});

test("add takes a key as an argument, or from standard input, and grants no scope by default", async () => {
  const { keys, keysWith, read } = inDirectory();
  expect(await keys("add", alice.line)).toMatchObject({ status: 0, stderr: "" });
  const { status, stdout } = await keysWith(`\n# from a form\n${bob.line}\r\n`, "add", "-", "--name", "bob");
  expect(status).toBe(0);
  expect(stdout).toContain("none (only methods without a scope)");
  expect(stdout).toContain("[127.0.0.1]:8022 ssh-ed25519 ");
  expect(read()).toContain(`\n${alice.line}\n${bob.line}\n`);
});

test.each<[string, readonly string[], number, string]>([
  ["a private key", ["private"], 2, "private is a private key; name the public key"],
  ["a certificate", ["ssh-ed25519-cert-v01@openssh.com AAAA"], 2, "certificates cannot be listed"],
  ["a file with several keys", ["two"], 2, "two contains 2 keys; name a file with one"],
  ["a file without a key", ["empty"], 2, "empty contains no key"],
  ["a missing file", ["nope"], 2, "nope does not exist"],
  [
    "a key pair that was not made yet",
    ["id.pub"],
    2,
    "id.pub does not exist; to generate a key pair, run `sshrpc keys generate id`",
  ],
  ["a file with several lines, none of which is a key", ["prose"], 2, "prose is not a public key"],
  ["a directory", ["."], 2, "is not a regular file"],
  ["a line with options", [`scopes="*" ${alice.line}`], 2, "does not exist"],
  ["a file whose key has options", ["options"], 2, "pass them as flags"],
  ["a key in RFC 4716's format", ["rfc4716"], 2, "ssh-keygen -i"],
  ["a damaged key", [alice.line.replace(/AAAA\S{9}/, "AAAA")], 2, "the key is not a public key"],
  ["an invalid duration", ["good", "--expires", "soon"], 2, "12h, 90d"],
  ["a day in the past", ["good", "--expires", "2020-01-01"], 2, "The time is in the past"],
  ["a duration with a leading zero", ["good", "--expires", "012h"], 2, "12h, 90d"],
  ["a number without a unit", ["good", "--expires", "90"], 2, "12h, 90d"],
  ["a year after 9999", ["good", "--expires", "99999y"], 2, "12h, 90d|after the year 9999"],
  ["an invalid user name", ["good", "--users", "alice,*"], 2, "names, not patterns"],
  ["an invalid limit", ["good", "--limits", "calls=many"], 2, 'invalid limit "calls=many"'],
  ["an invalid source", ["good", "--from", "10.0.0.1/8"], 2, "write 10.0.0.0/8 for the network"],
  ["a source that is a name", ["good", "--from", "*.example.com"], 2, "not resolved"],
  ["a quote in the scopes", ["good", "--scopes", 'x" y="'], 2, "Quotes, backslashes and spaces are not allowed"],
  ["an invalid pattern", ["good", "--scopes", "a*b"], 2, "only the last character may be a"],
  ["a name of two lines", ["good", "--name", "a\nb"], 2, "without control characters"],
  ["an invalid port", ["good", "--port", "x"], 2, "from 0 to 65535"],
])("add refuses %s, and changes no file", async (_, args, status, text) => {
  const { keys, path } = inDirectory({
    private: alice.privateKey,
    two: `${alice.line}\n${bob.line}\n`,
    prose: "Dear all,\nhere is my key.\n",
    empty: "# nothing\n",
    options: `restrict ${alice.line}`,
    rfc4716: '---- BEGIN SSH2 PUBLIC KEY ----\nComment: "x"\nAAAA\n---- END SSH2 PUBLIC KEY ----\n',
    good: alice.line,
  });
  expect(await keys("add", ...args)).toMatchObject(refused(status, text));
  expect(existsSync(path(".sshrpc"))).toBe(false);
});

test("add refuses a key that is listed, and a name that is taken", async () => {
  const { keys } = inDirectory();
  await keys("add", alice.line);
  expect(await keys("add", alice.line, "--name", "other")).toMatchObject(
    refused(1, "the key is already listed at .*keys:\\d+"),
  );
  expect(await keys("add", bob.line, "--name", "alice")).toMatchObject(
    refused(1, 'the name "alice" belongs to another key'),
  );
});

test("add refuses a damaged host key, names the fix and authorizes no key", async () => {
  const { keys, path, read } = inDirectory();
  await keys("init");
  const before = read();
  writeFileSync(path(".sshrpc/ssh_host_ed25519_key"), "damaged");
  expect(await keys("add", alice.line)).toMatchObject(
    refused(1, "ssh_host_ed25519_key is damaged.*; restore the file from a backup, or delete it and create a new key"),
  );
  expect(read()).toBe(before);
});

test("eight concurrent additions all list their keys", async () => {
  const { keys, read } = inDirectory();
  await keys("init");
  const all = Array.from({ length: 8 }, (_, index) => pair(`key-${index}`));
  const outcomes = await Promise.all(all.map(({ line }) => keys("add", line)));
  expect(outcomes.map(({ status, stderr }) => [status, stderr])).toEqual(all.map(() => [0, ""]));
  for (const { line } of all) expect(read()).toContain(`\n${line}\n`);
});

describe("an edit", () => {
  const text = `# team\r\n\r\nmagic ${carol.line}\n  ${alice.line}\n# end`;

  test("leaves every other line unchanged, and names invalid lines", async () => {
    const { keys, read } = inDirectory({ list: text });
    const added = await keys("add", bob.line, "--authorized-keys", "list");
    expect(added.status).toBe(1);
    expect(added.stderr).toMatch(/^list:3: unknown option magic.*\nsshrpc: list was changed, but .*\n$/);
    expect(read("list")).toBe(`${text}\n${bob.line}\n`);
    await keys("remove", "bob", "--authorized-keys", "list");
    expect(read("list")).toBe(`${text}\n`);
  });

  test("keeps the file's mode, and follows a symbolic link to it", async () => {
    const { keys, path, read } = inDirectory({ real: `${alice.line}\n` });
    chmodSync(path("real"), 0o640);
    symlinkSync("real", path("link"));
    expect(await keys("remove", "alice", "--authorized-keys", "link")).toMatchObject({ status: 0 });
    expect(read("real")).toBe("\n");
    expect(statSync(path("real")).mode & 0o777).toBe(0o640);
  });

  test("names the process that holds the lock and the fix", async () => {
    const { keys, path } = inDirectory({ list: `${alice.line}\n` });
    writeFileSync(path("list.lock"), "4711\n");
    expect(await keys("remove", "alice", "--authorized-keys", "list")).toMatchObject(
      refused(1, "list.lock exists: process 4711 is changing the file; if it has exited, delete the lock"),
    );
  });

  test("of a missing file, or of one that others can write, is refused", async () => {
    const { keys, path } = inDirectory({ list: `${alice.line}\n` });
    chmodSync(path("list"), 0o666);
    expect(await keys("add", bob.line, "--authorized-keys", "list")).toMatchObject(
      refused(1, "too open; run `chmod go-w"),
    );
    expect(await keys("remove", "alice", "--authorized-keys", "none")).toMatchObject(
      refused(1, "none .*does not exist"),
    );
    expect(await keys("list", "--authorized-keys", "none")).toMatchObject(refused(1, "none does not exist"));
    expect(existsSync(path("none"))).toBe(false);
  });
});

describe("list, show, remove and purge", () => {
  const lines = [
    `scopes="notes:*",expiry-time="20200101Z" ${alice.line}`,
    `from="10.0.0.0/8",users="bob,robert" ${bob.line}`,
    `cert-authority,principals="x" ${carol.line}`,
    `scopes="more" ${alice.line} again`,
    bob.line.replace(" bob", " carol"),
  ];
  const bench = () => inDirectory({ list: `# team\n${lines.join("\n")}\n` });
  const at = ["--authorized-keys", "list"];

  test("list prints one line per key, or JSON for programs", async () => {
    const { keys } = bench();
    const { stdout, stderr } = await keys("list", ...at);
    expect(stderr).toBe("");
    const rows = stdout
      .trimEnd()
      .split("\n")
      .map((row) => row.split(/ {2,}/));
    expect(rows).toEqual([
      ["NAME", "FINGERPRINT", "SCOPES", "LIMITS"],
      ["alice", alice.fingerprint, "notes:*", "expired 2020-01-01T00:00Z"],
      ["bob", bob.fingerprint, "-", "users bob,robert; from 10.0.0.0/8"],
      ["carol", carol.fingerprint, "-", "certificate authority"],
      ["alice again", alice.fingerprint, "more"],
      ["carol", bob.fingerprint, "-"],
    ]);
    const [first, second, authority] = JSON.parse((await keys("list", "--json", ...at)).stdout);
    expect(first).toMatchObject({
      line: 2,
      name: "alice",
      scopes: ["notes:*"],
      expires: "2020-01-01T00:00:00.000Z",
      expired: true,
    });
    expect(first).toMatchObject({ users: null, limits: null });
    expect(second).toMatchObject({ users: ["bob", "robert"] });
    expect(authority).toMatchObject({ line: 4, authority: true, principals: ["x"] });
  });

  test("show prints each line of a key, by name or fingerprint", async () => {
    const { keys } = bench();
    for (const called of ["alice", "alice again", alice.fingerprint]) {
      const { stdout, status } = await keys("show", called, ...at);
      expect(status).toBe(0);
      expect(stdout).toContain("alice (list:2)");
      expect(stdout).toContain("alice again (list:5)");
    }
  });

  test("show prints the limits of a key, and none for a key without", async () => {
    const options = [
      'restrict,port-forwarding,permitopen="db:5432",permitlisten="*:8080",environment="RPC_TEAM=red"',
      'users="bob,robert",from="10.0.0.0/8",expiry-time="20200101Z",scopes="notes:*"',
    ];
    const { keys } = inDirectory({
      list: `${alice.line}\n${options.join(",")} ${bob.line}\ncert-authority,restrict ${carol.line}\n`,
    });
    const rows = async (name: string) => {
      const { stdout } = await keys("show", name, ...at);
      return stdout.split("\n").flatMap((line) => {
        const [, what, value] = /^ {2}(\w+) +(.*)$/.exec(line) ?? [];
        return what === undefined ? [] : [[what, value]];
      });
    };
    expect(await rows("alice")).toEqual([
      ["fingerprint", `${alice.fingerprint} (ssh-ed25519)`],
      ["scopes", "none (only methods without a scope)"],
    ]);
    expect(await rows("bob")).toEqual([
      ["fingerprint", `${bob.fingerprint} (ssh-ed25519)`],
      ["scopes", "notes:*"],
      ["users", "bob, robert"],
      ["expires", "2020-01-01T00:00:00.000Z (expired)"],
      ["from", "10.0.0.0/8"],
      ["terminal", "no"],
      ["permitopen", "db:5432"],
      ["permitlisten", "*:8080"],
      ["environment", "RPC_TEAM=red"],
    ]);
    expect(await rows("carol")).toEqual([
      ["fingerprint", `${carol.fingerprint} (ssh-ed25519)`],
      ["scopes", "none (only methods without a scope)"],
      ["authority", "certificates for the login user"],
      ["terminal", "no"],
      ["forwarding", "no"],
    ]);
  });

  test("remove finds alice@laptop as alice, unless that is the name of another key, or of several", async () => {
    const named = (line: string, name: string) => line.replace(/ \w+$/, ` ${name}`);
    const list = [named(alice.line, "alice@laptop"), named(bob.line, "bob@laptop"), named(carol.line, "bob@phone")];
    const { keys, read } = inDirectory({ list: `${list.join("\n")}\n` });
    expect(await keys("remove", "bob", ...at)).toMatchObject(
      refused(1, '2 keys named "bob"; use one of the fingerprints'),
    );
    expect(await keys("remove", "alice", ...at)).toMatchObject({
      status: 0,
      stdout: `removed alice@laptop ${alice.fingerprint} (list:1)\n`,
    });
    expect(read("list")).toBe(`${list.slice(1).join("\n")}\n`);
    const exact = inDirectory({ list: `${list[1]}\n${named(alice.line, "bob")}\n` });
    await exact.keys("remove", "bob", ...at);
    expect(exact.read("list")).toBe(`${list[1]}\n`);
  });

  test("remove deletes every line of a key", async () => {
    const { keys, read } = bench();
    expect(await keys("remove", "alice again", ...at)).toMatchObject({
      status: 0,
      stderr: "",
      stdout: `removed alice ${alice.fingerprint} (list:2)\nremoved alice again ${alice.fingerprint} (list:5)\n`,
    });
    expect(read("list")).toBe(`# team\n${[lines[1], lines[2], lines[4]].join("\n")}\n`);
    await keys("remove", bob.fingerprint, ...at);
    expect(read("list")).toBe(`# team\n${lines[2]}\n`);
  });

  test("remove refuses a name of two keys, and an unknown name", async () => {
    const { keys, read } = bench();
    const before = read("list");
    expect(await keys("remove", "carol", ...at)).toMatchObject(
      refused(1, '2 keys named "carol"; use one of the fingerprints SHA256:\\S+, SHA256:\\S+'),
    );
    expect(await keys("remove", "alicce", ...at)).toMatchObject(refused(1, 'no key "alicce"; did you mean "alice"'));
    expect(await keys("remove", `SHA256:${"a".repeat(43)}`, ...at)).toMatchObject(refused(1, "no key"));
    expect(read("list")).toBe(before);
  });

  test("purge requires --yes and removes every key and every invalid line", async () => {
    const { keys, path, read } = bench();
    writeFileSync(path("list"), `rubbish ${bob.line}\n${read("list")}`);
    expect(await keys("purge", ...at)).toMatchObject(refused(2, "confirm with --yes"));
    const stdout = (count: string) => `removed ${count} from list; no keys are authorized\n`;
    expect(await keys("purge", "--yes", ...at)).toEqual({ status: 0, stdout: stdout("6 lines"), stderr: "" });
    expect(read("list")).toBe("# team\n");
    writeFileSync(path("list"), `# team\n${bob.line}\n`);
    expect(await keys("purge", "--yes", ...at)).toMatchObject({ stdout: stdout("1 line") });
  });
});

describe("key pairs", () => {
  test("generate creates a key that only its owner can read, and never overwrites a file", async () => {
    const { keys, path, read } = inDirectory();
    const { stdout, status } = await keys("generate", "id", "--name", "me");
    expect(status).toBe(0);
    expect(stdout).toContain(read("id.pub"));
    expect(read("id.pub")).toMatch(/^ssh-ed25519 \S+ me\n$/);
    expect(statSync(path("id")).mode & 0o777).toBe(0o600);
    expect(await keys("generate", "id")).toMatchObject(refused(1, "id: it already exists, and is never overwritten"));
    expect(await keys("generate", "none/id")).toMatchObject(refused(1, "cannot create key none/id"));
    expect(await keys("public", "id")).toEqual({ status: 0, stderr: "", stdout: read("id.pub") });
  });

  test("generate takes a name of at most 100 characters", async () => {
    const { keys, path } = inDirectory();
    expect(await keys("generate", "one", "--name", "n".repeat(100))).toMatchObject({ status: 0, stderr: "" });
    expect(await keys("generate", "two", "--name", "n".repeat(101))).toMatchObject(
      refused(2, "use at most 100 characters without control characters"),
    );
    expect(existsSync(path("two"))).toBe(false);
  });

  test("generate creates ~/.ssh with mode 0700", async () => {
    const { keys, path } = inDirectory();
    expect(await keys("generate", "~/.ssh/id_ed25519")).toMatchObject({ status: 0, stderr: "" });
    expect(statSync(path(".ssh")).mode & 0o777).toBe(0o700);
    expect(statSync(path(".ssh/id_ed25519")).mode & 0o777).toBe(0o600);
  });

  test("public refuses a file that is not a private key or is readable by others", async () => {
    const { keys, path } = inDirectory({ "id.pub": alice.line, rubbish: "x", open: alice.privateKey });
    chmodSync(path("rubbish"), 0o600);
    chmodSync(path("open"), 0o644);
    expect(await keys("public", "id.pub")).toMatchObject(refused(1, "id.pub: a public key; name the private key"));
    expect(await keys("public", "rubbish")).toMatchObject(refused(1, "rubbish is damaged, or not a private key"));
    expect(await keys("public", "open")).toMatchObject(refused(1, "too open; run `chmod 600"));
    expect(await keys("public", "none")).toMatchObject(refused(1, "does not exist"));
  });

  test("add prints the fingerprint and the known_hosts line of each host key that it is given", async () => {
    const hosts = [takeKey("ed25519", "host_ed25519"), takeKey("ecdsa-256", "host_ecdsa")];
    const { keys } = inDirectory();
    const { status, stdout } = await keys(
      "add",
      bob.line,
      "--host",
      "edge",
      ...hosts.flatMap((host) => ["--host-key", host]),
    );
    expect(status).toBe(0);
    for (const host of hosts) {
      const [type, blob] = readFileSync(`${host}.pub`, "utf8").split(" ");
      expect(stdout).toContain(`  known_hosts  [edge]:8022 ${type} ${blob}\n`);
    }
    expect(stdout.match(/^ {2}host key {5}SHA256:/gm)).toHaveLength(2);
    const twice = await keys("add", carol.line, "--host-key", hosts[0] as string, "--host-key", hosts[0] as string);
    expect(twice.status).toBe(1);
  });

  test("a public key in place of a private key is reported as such, at the client and the server", async () => {
    const cwd = tempDir({ "id.pub": alice.line, "handlers.mjs": "" });
    const called = await sshrpc(["call", "ssh://a@127.0.0.1:1", "GET", "/x", "--identity", "id.pub"], { cwd });
    expect(called.stderr).toMatch(/id\.pub: a public key; name the private key, the file without \.pub/);
    const added = await sshrpc(["keys", "add", bob.line, "--host-key", "id.pub"], { cwd });
    expect(added).toMatchObject(refused(1, "host key id.pub: a public key; name the private key"));
  });
});

test.each(["/proc/none/x", "/dev/null/x"])("init fails at once if the home %s cannot be created", async (home) => {
  const { keys } = inDirectory();
  expect(await keys("init", "--home", home)).toMatchObject(refused(2, "cannot create the directory"));
});

test("control sequences in a list are escaped on the terminal", async () => {
  const line = `environment="RPC_X=\u001b]0;owned\u0007\u202e",scopes="a\u009b" ${alice.line}\u001b[2J`;
  const { keys } = inDirectory({ list: `${line}\n` });
  for (const command of [["list"], ["list", "--json"], ["show", alice.fingerprint]]) {
    const { stdout, stderr } = await keys(...command, "--authorized-keys", "list");
    expect(stdout + stderr).toContain(alice.fingerprint);
    expect(stdout + stderr).toMatch(/^(?:\P{C}|\n)*$/u);
  }
});
