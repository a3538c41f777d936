import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import ssh2, { type ParsedKey } from "ssh2";
import type { PasswordAttempt } from "sshrpc/server";
import { expect, it } from "vitest";
import { type Bench, type BenchOptions, closed, makeKey, startBench, type TestKey, tempDir } from "../../support.js";
import { boolean, RawLogin, string } from "./raw-login.js";

const FAST: BenchOptions = { authFailureDelay: 1 };
const password = (text: string) => [boolean(false), string(text)];
const newPassword = (text: string, next: string) => [boolean(true), string(text), string(next)];
const KEYBOARD = [string(""), string("")];

const reasons = ({ log }: Bench) => log.with("authentication refused").map(({ fields }) => fields["reason"]);

/** The fields of a request that is signed for this session, or for `changed`. */
function signed(login: RawLogin, key: TestKey, changed: { session?: Buffer; user?: string } = {}): Buffer[] {
  const { blob } = key.publicKey;
  const fields = [boolean(true), string("ssh-ed25519"), string(blob)];
  const payload = login.payload("publickey", ...fields);
  const parsed = ssh2.utils.parseKey(key.privateKey) as ParsedKey;
  const signature = parsed.sign(Buffer.concat([string(changed.session ?? login.sessionId), payload])) as Buffer;
  return [...fields, string(Buffer.concat([string("ssh-ed25519"), string(signature)]))];
}

const offered = (key: TestKey) => [boolean(false), string("ssh-ed25519"), string(key.publicKey.blob)];

it("lists the configured methods, counts no request for them as a failure, and bounds their number", async () => {
  const bench = await startBench({ verifyPassword: () => undefined, maxAuthTries: 1 });
  const login = await RawLogin.open(bench);
  const methods = ["publickey", "keyboard-interactive", "password"];
  for (let request = 0; request < 10; request++) {
    expect(await login.try("none")).toEqual({ answer: "failure", methods, partial: false });
  }
  expect(await login.next()).toEqual({ answer: "closed" });
  expect(reasons(bench)).toEqual([]);
});

it("accepts a signature for this session, and denies one for another", async () => {
  const bench = await startBench();
  const login = await RawLogin.open(bench);
  const other = await RawLogin.open(bench);
  expect(await login.try("publickey", ...offered(bench.alice))).toEqual({ answer: "key-acceptable" });
  const stolen = signed(login, bench.alice, { session: other.sessionId });
  expect(await login.try("publickey", ...stolen)).toMatchObject({ answer: "failure" });
  expect(reasons(bench)).toEqual(["invalid signature"]);
  expect(await login.try("publickey", ...signed(login, bench.alice))).toEqual({ answer: "success" });
});

it("denies a signature for another user name", async () => {
  const bench = await startBench();
  const [alice, mallory] = [await RawLogin.open(bench), await RawLogin.open(bench, "mallory")];
  const fields = [boolean(true), string("ssh-ed25519"), string(bench.alice.publicKey.blob)];
  const parsed = ssh2.utils.parseKey(bench.alice.privateKey) as ParsedKey;
  const foreign = Buffer.concat([string(mallory.sessionId), alice.payload("publickey", ...fields)]);
  const signature = string(Buffer.concat([string("ssh-ed25519"), string(parsed.sign(foreign) as Buffer)]));
  expect(await mallory.try("publickey", ...fields, signature)).toMatchObject({ answer: "failure" });
});

it("disconnects a client that changes the user name between requests", async () => {
  const bench = await startBench();
  const login = await RawLogin.open(bench);
  expect(await login.try("publickey", ...offered(bench.alice))).toEqual({ answer: "key-acceptable" });
  login.send(Buffer.concat([Buffer.from([50]), ...["root", "ssh-connection", "none"].map(string)]));
  expect(await login.next()).toEqual({ answer: "closed" });
  expect(bench.log.with("authenticated")).toEqual([]);
});

it("disconnects after maxAuthTries pipelined guesses, and does not check the others", async () => {
  let asked = 0;
  const verifyPassword = () => {
    asked++;
    return undefined;
  };
  const bench = await startBench({ ...FAST, verifyPassword, maxAuthTries: 3 });
  const login = await RawLogin.open(bench);
  for (let guess = 0; guess < 8; guess++) login.request("password", ...password(`guess ${guess}`));
  for (let answer = 0; answer < 3; answer++) expect(await login.next()).toMatchObject({ answer: "failure" });
  expect(await login.next()).toEqual({ answer: "closed" });
  expect(asked).toBe(3);
  expect(JSON.stringify(bench.log.lines)).not.toContain("guess");
});

it("checks only the first few of 5,000 pipelined guesses", async () => {
  let asked = 0;
  const verifyPassword = async () => {
    asked++;
    return undefined;
  };
  const bench = await startBench({ verifyPassword });
  const login = await RawLogin.open(bench);
  for (let guess = 0; guess < 5000; guess++) login.request("password", ...password(`guess ${guess}`));
  let answer = await login.next();
  while (answer.answer !== "closed") answer = await login.next();
  expect(asked).toBeGreaterThan(0);
  expect(asked).toBeLessThanOrEqual(6);
});

it("disconnects a client that offers acceptable keys without end", async () => {
  const bench = await startBench({ maxAuthTries: 2 });
  const login = await RawLogin.open(bench);
  let offers = 0;
  while ((await login.try("publickey", ...offered(bench.alice))).answer === "key-acceptable") offers++;
  expect(offers).toBe(20);
});

it("does not count offered keys as failed attempts, bounds them, and tells the client why it disconnects", async () => {
  const bench = await startBench({ maxAuthTries: 2 });
  const login = await RawLogin.open(bench);
  const reason = new Promise((resolve) => login.client.on("error", ({ message }) => resolve(message)));
  const answers: string[] = [];
  while (answers.at(-1) !== "closed") {
    answers.push((await login.try("publickey", ...offered(makeKey(bench.directory, `key${answers.length}`)))).answer);
  }
  expect(answers.filter((answer) => answer === "failure")).toHaveLength(20);
  expect(await reason).toBe(
    "20 authentication requests, 20 of them keys that may not log in; offer fewer keys (IdentitiesOnly)",
  );
});

it("passes passwords to the check unchanged, and denies one that is too long without it", async () => {
  const seen: PasswordAttempt[] = [];
  const verifyPassword = (attempt: PasswordAttempt) => {
    seen.push(attempt);
    return undefined;
  };
  const bench = await startBench({ ...FAST, verifyPassword });
  const login = await RawLogin.open(bench, "zoë");
  for (const text of ["pässwörd ☃", "", "x".repeat(1025)]) await login.try("password", ...password(text));
  expect(seen.map((attempt) => [attempt.user, attempt.password])).toEqual([
    ["zoë", "pässwörd ☃"],
    ["zoë", ""],
  ]);
  expect(seen[0]?.address).toMatch(/^127\.0\.0\.1:\d+$/);
});

it("denies a new password without a change request, and requests a change again if none comes", async () => {
  const verifyPassword = ({ newPassword }: PasswordAttempt) =>
    newPassword === "new" ? { scopes: [] } : { changePassword: "Change!" };
  const bench = await startBench({ ...FAST, verifyPassword });
  const login = await RawLogin.open(bench);
  expect(await login.try("password", ...newPassword("old", "new"))).toMatchObject({ answer: "failure" });
  expect(reasons(bench)).toEqual(["unexpected new password: no change was requested"]);
  expect(await login.try("password", ...password("old"))).toEqual({ answer: "change", prompt: "Change!" });
  expect(await login.try("password", ...password("old"))).toEqual({ answer: "change", prompt: "Change!" });
  expect(await login.try("password", ...newPassword("old", "new"))).toEqual({ answer: "success" });
});

it("lets a client continue with a key or prompts after a password change request", async () => {
  const bench = await startBench({
    verifyPassword: () => ({ changePassword: "Change!" }),
    keyboardInteractive: async (_, ask) => ((await ask({ prompts: ["?"] }))[0] === "!" ? { scopes: [] } : undefined),
  });
  const login = await RawLogin.open(bench);
  expect(await login.try("password", ...password("old"))).toMatchObject({ answer: "change" });
  expect(await login.try("publickey", ...offered(bench.alice))).toEqual({ answer: "key-acceptable" });
  expect(await login.try("password", ...password("old"))).toMatchObject({ answer: "change" });
  expect(await login.try("keyboard-interactive", ...KEYBOARD)).toMatchObject({ answer: "prompts" });
  expect(await login.answer("!")).toEqual({ answer: "success" });
});

it("counts password change requests as failures", async () => {
  const bench = await startBench({ verifyPassword: () => ({ changePassword: "Another!" }), maxAuthTries: 3 });
  const login = await RawLogin.open(bench);
  expect(await login.try("password", ...password("old"))).toMatchObject({ answer: "change" });
  for (let round = 0; round < 2; round++) {
    expect(await login.try("password", ...newPassword("old", "new"))).toMatchObject({ answer: "change" });
  }
  expect(await login.next()).toEqual({ answer: "closed" });
});

it("denies answers that are too many, too few, or too long", async () => {
  const keyboardInteractive: BenchOptions["keyboardInteractive"] = async (_, ask) => {
    await ask({ prompts: ["One: ", "Two: "] });
    return { scopes: ["*"] };
  };
  const bench = await startBench({ ...FAST, keyboardInteractive });
  const login = await RawLogin.open(bench);
  for (const answers of [[], ["1"], ["1", "2", "3"], ["1", "x".repeat(1025)]]) {
    expect(await login.try("keyboard-interactive", ...KEYBOARD)).toMatchObject({ answer: "prompts" });
    expect(await login.answer(...answers)).toMatchObject({ answer: "failure" });
  }
  expect(reasons(bench)).toEqual([
    "keyboard-interactive failed: 0 answers to 2 prompts",
    "keyboard-interactive failed: 1 answers to 2 prompts",
    "keyboard-interactive failed: 3 answers to 2 prompts",
    "keyboard-interactive failed: an answer is too long",
  ]);
  expect(await login.try("keyboard-interactive", ...KEYBOARD)).toMatchObject({ answer: "prompts" });
  expect(await login.answer("1", "2")).toEqual({ answer: "success" });
});

it("delays the denial of a wrong password or answer by authFailureDelay, and denies a key at once", async () => {
  const bench = await startBench({
    authFailureDelay: 60_000,
    verifyPassword: () => undefined,
    keyboardInteractive: async (_, ask) => void (await ask({ prompts: ["Code: "] })),
  });
  const [guess, code, key] = [await RawLogin.open(bench), await RawLogin.open(bench), await RawLogin.open(bench)];
  expect(await code.try("keyboard-interactive", ...KEYBOARD)).toMatchObject({ answer: "prompts" });
  const delayed = [guess.try("password", ...password("wrong")), code.answer("1")];
  const stranger = makeKey(tempDir(), "stranger");
  // By the end of several later requests, a denial without a delay would have arrived.
  const later = async (): Promise<string> => {
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(await key.try("publickey", ...offered(stranger))).toMatchObject({ answer: "failure" });
    }
    expect(await key.try("publickey", ...signed(key, bench.alice))).toEqual({ answer: "success" });
    return "later";
  };
  expect(await Promise.race([...delayed, later()])).toBe("later");
});

it("asks without echo, unless a prompt says otherwise, and sends the title of the round", async () => {
  const keyboardInteractive: BenchOptions["keyboardInteractive"] = async (_, ask) => {
    await ask({ title: "Two steps", prompts: ["Code: ", { text: "Name: ", echo: true }, { text: "PIN: " }] });
    await ask({ instruction: "Touch the device" });
    return { scopes: [] };
  };
  const login = await RawLogin.open(await startBench({ ...FAST, keyboardInteractive }));
  expect(await login.try("keyboard-interactive", ...KEYBOARD)).toEqual({
    answer: "prompts",
    title: "Two steps",
    prompts: [
      { prompt: "Code: ", echo: false },
      { prompt: "Name: ", echo: true },
      { prompt: "PIN: ", echo: false },
    ],
  });
  expect(await login.answer("1", "alice", "2")).toEqual({ answer: "prompts", title: "", prompts: [] });
  expect(await login.answer()).toEqual({ answer: "success" });
});

it("accepts another method after unanswered prompts, and ignores a late answer to them", async () => {
  let gone: unknown;
  const keyboardInteractive: BenchOptions["keyboardInteractive"] = async ({ signal }, ask) => {
    signal.addEventListener("abort", () => {
      gone = signal.reason;
    });
    await ask({ prompts: ["Code: "] });
    return { scopes: ["*"] };
  };
  const bench = await startBench({ keyboardInteractive });
  const login = await RawLogin.open(bench);
  expect(await login.try("keyboard-interactive", ...KEYBOARD)).toMatchObject({ answer: "prompts" });
  expect(await login.try("publickey", ...offered(bench.alice))).toEqual({ answer: "key-acceptable" });
  expect(String(gone)).toBe("Error: the client sent another request before the answer");
  expect(bench.log.with("authenticated")).toEqual([]);
  expect(await login.try("publickey", ...signed(login, bench.alice))).toEqual({ answer: "success" });
});

it("counts unanswered prompts as failures", async () => {
  const keyboardInteractive: BenchOptions["keyboardInteractive"] = async (_, ask) => {
    await ask({ prompts: ["Code: "] });
    return undefined;
  };
  const bench = await startBench({ ...FAST, keyboardInteractive, maxAuthTries: 3 });
  const login = await RawLogin.open(bench);
  for (let guess = 0; guess < 3; guess++) {
    expect(await login.try("keyboard-interactive", ...KEYBOARD)).toMatchObject({ answer: "prompts" });
    // The abandoned attempt is denied by then, and must not count twice.
    await delay(20);
  }
  expect(await login.try("keyboard-interactive", ...KEYBOARD)).toEqual({ answer: "closed" });
  expect(reasons(bench)).toEqual(Array(3).fill("the client sent another request before the answer"));
});

it("limits an attempt to maxPromptRounds rounds, and a round to 16 prompts", async () => {
  const keyboardInteractive: BenchOptions["keyboardInteractive"] = async ({ user }, ask) => {
    if (user === "wide") await ask({ prompts: Array<string>(17).fill("?") });
    for (;;) await ask({ prompts: ["Again? "] });
  };
  const bench = await startBench({ ...FAST, keyboardInteractive, maxPromptRounds: 2 });
  const login = await RawLogin.open(bench);
  expect(await login.try("keyboard-interactive", ...KEYBOARD)).toMatchObject({ answer: "prompts" });
  expect(await login.answer("yes")).toMatchObject({ answer: "prompts" });
  expect(await login.answer("yes")).toMatchObject({ answer: "failure" });
  const wide = await RawLogin.open(bench, "wide");
  expect(await wide.try("keyboard-interactive", ...KEYBOARD)).toMatchObject({ answer: "failure" });
  expect(reasons(bench)).toEqual([
    "keyboard-interactive failed: more than 2 prompt rounds (maxPromptRounds)",
    "keyboard-interactive failed: 17 prompts in one round; at most 16 are allowed",
  ]);
});

it("denies an attempt whose check throws, returns an invalid grant, or times out, and accepts the next", async () => {
  const verifyPassword = ({ password, signal }: PasswordAttempt): never | Promise<undefined> => {
    if (password === "throw") throw new Error("the directory\nis down");
    if (password === "nonsense") return "yes" as never;
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined)));
  };
  const bench = await startBench({ ...FAST, verifyPassword, authTimeout: 1500 });
  const login = await RawLogin.open(bench);
  for (const text of ["throw", "nonsense", "hang"]) {
    expect(await login.try("password", ...password(text))).toMatchObject({ answer: "failure" });
  }
  expect(reasons(bench)).toEqual([
    "password check failed: the directory\\u{a}is down",
    "password check failed: invalid grant: expected { scopes: [...] }, or undefined to deny the login",
    "no answer within 1500 ms (authTimeout)",
  ]);
  expect(await login.try("publickey", ...signed(login, bench.alice))).toEqual({ answer: "success" });
});

it("ignores the answer of a check after its client has disconnected", async () => {
  let answer: (grant: { scopes: string[] }) => void = () => {};
  const asked = new Promise<void>((resolve) => {
    answer = () => resolve();
  });
  let finish: (grant: { scopes: string[] }) => void = () => {};
  const verifyPassword = () => {
    answer({ scopes: [] });
    return new Promise<{ scopes: string[] }>((resolve) => {
      finish = resolve;
    });
  };
  const bench = await startBench({ verifyPassword });
  const login = await RawLogin.open(bench);
  login.request("password", ...password("right"));
  await asked;
  login.client.destroy();
  await expect.poll(() => bench.log.with("SSH connection closed").length).toBe(1);
  finish({ scopes: ["*"] });
  await delay(20);
  expect(bench.log.with("authenticated")).toEqual([]);
});

it("requires all methods in order, and reports partial success", async () => {
  const bench = await startBench({
    ...FAST,
    verifyPassword: ({ password }) => (password === "right" ? { scopes: ["notes:read", "admin"] } : undefined),
    requiredMethods: ["password", "publickey"],
  });
  const login = await RawLogin.open(bench);
  expect(await login.try("publickey", ...signed(login, bench.alice))).toEqual({
    answer: "failure",
    methods: ["password"],
    partial: false,
  });
  expect(await login.try("password", ...password("right"))).toEqual({
    answer: "failure",
    methods: ["publickey"],
    partial: true,
  });
  expect(await login.try("password", ...password("right"))).toMatchObject({ answer: "failure", partial: false });
  expect(bench.log.with("authenticated")).toEqual([]);
  expect(await login.try("publickey", ...signed(login, bench.alice))).toEqual({ answer: "success" });
  const [line] = bench.log.with("authenticated");
  expect(line?.fields).toMatchObject({ authMethod: "password,publickey", scopes: ["notes:read"] });
});

it("disconnects a peer whose key is removed between two required methods", async () => {
  let isListed = true;
  const bench = await startBench({
    authorizedKeys: () => (isListed ? { scopes: ["*"] } : undefined),
    verifyPassword: () => ({ scopes: ["*"] }),
    requiredMethods: ["publickey", "password"],
  });
  const login = await RawLogin.open(bench);
  expect(await login.try("publickey", ...signed(login, bench.alice))).toMatchObject({ partial: true });
  isListed = false;
  login.request("password", ...password("right"));
  let answer = await login.next();
  while (answer.answer !== "closed") answer = await login.next();
  expect(bench.log.with("access revoked")[0]?.fields).toMatchObject({ reason: "the key is not listed" });
});

it("denies the method none unless `anonymous` is set", async () => {
  const closedBench = await startBench({ verifyPassword: () => ({ scopes: ["*"] }) });
  expect(await (await RawLogin.open(closedBench)).try("none")).toMatchObject({ answer: "failure" });
  const open = await startBench({
    anonymous: ({ user }) => (user === "guest" ? { scopes: ["public:*"] } : undefined),
  });
  expect(await (await RawLogin.open(open)).try("none")).toMatchObject({ answer: "failure" });
  expect(reasons(open)).toEqual([]);
  expect(await (await RawLogin.open(open, "guest")).try("none")).toEqual({ answer: "success" });
});

it("denies unknown methods, and logs no control characters of them", async () => {
  const bench = await startBench();
  const login = await RawLogin.open(bench);
  expect(await login.try("hostbased", ...[..."abcde"].map(string))).toMatchObject({ answer: "failure" });
  expect(reasons(bench)).toEqual(["the method hostbased is not offered"]);
  const other = await RawLogin.open(bench);
  expect(await other.try("gssapi\x1b[2J")).toEqual({ answer: "closed" });
  expect(JSON.stringify(bench.log.lines)).not.toContain("\\u001b");
});

it("denies an invalid user name", async () => {
  const bench = await startBench({ verifyPassword: () => ({ scopes: ["*"] }), ...FAST });
  for (const user of ["", "root\x1b[2J", "x".repeat(257)]) {
    const login = await RawLogin.open(bench, user);
    expect(await login.try("password", ...password("right"))).toMatchObject({ answer: "failure" });
  }
  expect(new Set(reasons(bench))).toEqual(new Set(["invalid user name"]));
});

it("denies a user name that is not UTF-8, which would be the same text as others", async () => {
  const bench = await startBench({ verifyPassword: () => ({ scopes: ["*"] }), ...FAST });
  for (const byte of [0xfe, 0xff]) {
    const login = await RawLogin.open(bench);
    const user = string(Buffer.from([0x61, byte]));
    const fields = [user, string("ssh-connection"), string("password"), ...password("right")];
    login.send(Buffer.concat([Buffer.from([50]), ...fields]));
    expect(await login.next()).toMatchObject({ answer: "failure" });
  }
  expect(reasons(bench)).toEqual(["invalid user name", "invalid user name"]);
});

it("disconnects a peer whose key is removed, and updates the scopes of others", async () => {
  const { file, bob, bench } = await twoKeys();
  const [alice, other] = [await bench.dial(), await bench.dial({ identity: bob.file })];
  const peer = bench.accepted[1]?.peer;
  expect(peer?.scopes).toEqual(["notes:read"]);
  const gone = closed(alice);
  file.replace(`scopes="admin" ${bob.line} bob\n`);
  await gone;
  await expect.poll(() => peer?.scopes).toEqual(["admin"]);
  expect(other.destroyed).toBe(false);
  expect(bench.log.with("access revoked")[0]?.fields).toMatchObject({
    reason: "the key is not listed",
    user: "alice",
  });
  expect(bench.log.with("scopes changed")[0]?.fields).toMatchObject({ keyName: "bob", scopes: ["admin"] });
});

it("disconnects a peer when its credential expires", async () => {
  const bench = await startBench({ authorizedKeys: () => ({ scopes: ["*"], expires: Date.now() + 1000 }) });
  // This function extends the expiry on every call, so its peer stays connected.
  const kept = await bench.dial();
  expect(kept.destroyed).toBe(false);
  let until = 0;
  // From the first call on: a login may take a while.
  const authorizedKeys = () => {
    until ||= Date.now() + 2000;
    return { scopes: ["*"], expires: until };
  };
  const strict = await startBench({ authorizedKeys });
  await closed(await strict.dial());
  expect(strict.log.with("access revoked")[0]?.fields).toMatchObject({
    reason: "the credential has expired",
  });
  expect(kept.destroyed).toBe(false);
  await expect(strict.dial()).rejects.toMatchObject({ status: "UNAUTHENTICATED" });
});

it.each([Number.NaN, "tomorrow", new Date(), null])("denies a grant that expires at %s", async (expires) => {
  const bench = await startBench({ authorizedKeys: () => ({ scopes: ["*"], expires: expires as number }) });
  await expect(bench.dial()).rejects.toMatchObject({ status: "UNAUTHENTICATED" });
  expect(reasons(bench)[0]).toMatch(
    /^key lookup failed: invalid grant: expires is .*; it takes milliseconds since 1970$/,
  );
});

it("keeps a connection while its key lookup fails, and denies new logins", async () => {
  let broken = false;
  const authorizedKeys = () => {
    if (broken) throw new Error("no database");
    return { scopes: ["*"], expires: Date.now() + 60_000 };
  };
  const directory = tempDir();
  const revokedKeys = `${directory}/revoked`;
  writeFileSync(revokedKeys, "");
  const bench = await startBench({ authorizedKeys, revokedKeys });
  const duplex = await bench.dial();
  broken = true;
  writeFileSync(revokedKeys, "# read again\n");
  await expect
    .poll(() => bench.log.with("reauthorization failed; the peer keeps its access").length)
    .toBeGreaterThan(0);
  expect(duplex.destroyed).toBe(false);
  await expect(bench.dial()).rejects.toMatchObject({ status: "UNAUTHENTICATED" });
});

async function twoKeys() {
  const bench = await startBench();
  const bob = makeKey(bench.directory, "bob");
  const before = readFileSync(bench.authorizedKeys, "utf8");
  writeFileSync(bench.authorizedKeys, `${before}scopes="notes:read" ${bob.line} bob\n`);
  const file = { replace: (text: string) => writeFileSync(bench.authorizedKeys, text) };
  return { file, bob, bench };
}

it.each([
  ["the key", { scopes: ["*"] }, 'no-pty,permitopen="db:5432",'],
  ["the password", { scopes: ["*"], permissions: { pty: false, portForwarding: true, permitOpen: ["db:5432"] } }, ""],
])("keeps the restrictions that %s alone has, where both are required", async (_, grant, options) => {
  const key = makeKey(tempDir(), "both");
  const bench = await startBench({
    ...FAST,
    authorizedKeys: { lines: [`${options}scopes="*" ${key.line}`] },
    requiredMethods: ["publickey", "password"],
    verifyPassword: () => grant,
  });
  await bench.dial({ identity: key.file, agent: false, password: "open sesame" });
  expect(bench.accepted[0]?.peer.permissions).toMatchObject({ pty: false, permitOpen: ["db:5432"] });
});
