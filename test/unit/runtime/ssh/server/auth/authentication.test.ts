import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import ssh2, { type ParsedKey } from "ssh2";
import { expect, it } from "vitest";
import type { PasswordAttempt } from "../../../../../../runtime/src/ssh/server/auth/password-check.js";
import type { ListenOptions } from "../../../../../../runtime/src/ssh/server/listen-options.js";
import { type Bench, closed, makeKey, startBench, type TestKey, tempDir } from "../../support.js";
import { boolean, RawLogin, string } from "./raw-login.js";

const FAST: Partial<ListenOptions> = { authFailureDelay: 1 };
const password = (text: string) => [boolean(false), string(text)];
const newPassword = (text: string, next: string) => [boolean(true), string(text), string(next)];
const QUESTIONS = [string(""), string("")];

const reasons = ({ log }: Bench) => log.with("authentication refused").map(({ fields }) => fields["reason"]);

/** The fields of a request that is signed for this session; or for what a test says. */
function signed(login: RawLogin, key: TestKey, changed: { session?: Buffer; user?: string } = {}): Buffer[] {
  const { blob } = key.publicKey;
  const fields = [boolean(true), string("ssh-ed25519"), string(blob)];
  const payload = login.payload("publickey", ...fields);
  const parsed = ssh2.utils.parseKey(key.privateKey) as ParsedKey;
  const signature = parsed.sign(Buffer.concat([string(changed.session ?? login.sessionId), payload])) as Buffer;
  return [...fields, string(Buffer.concat([string("ssh-ed25519"), string(signature)]))];
}

const offered = (key: TestKey) => [boolean(false), string("ssh-ed25519"), string(key.publicKey.blob)];

it("tells only the methods that are configured, and answers the first question for them freely", async () => {
  const bench = await startBench({ verifyPassword: () => undefined, maxAuthTries: 1 });
  const login = await RawLogin.open(bench);
  const methods = ["publickey", "keyboard-interactive", "password"];
  expect(await login.try("none")).toEqual({ said: "failure", methods, partial: false });
  expect(await login.try("none")).toMatchObject({ said: "failure" });
  expect(await login.next()).toEqual({ said: "closed" });
});

it("takes a signature for this session, and none for another", async () => {
  const bench = await startBench();
  const login = await RawLogin.open(bench);
  const other = await RawLogin.open(bench);
  expect(await login.try("publickey", ...offered(bench.alice))).toEqual({ said: "would do" });
  const stolen = signed(login, bench.alice, { session: other.sessionId });
  expect(await login.try("publickey", ...stolen)).toMatchObject({ said: "failure" });
  expect(reasons(bench)).toEqual(["the signature is wrong"]);
  expect(await login.try("publickey", ...signed(login, bench.alice))).toEqual({ said: "success" });
});

it("takes no signature that was made for another user name", async () => {
  const bench = await startBench();
  const [alice, mallory] = [await RawLogin.open(bench), await RawLogin.open(bench, "mallory")];
  const fields = [boolean(true), string("ssh-ed25519"), string(bench.alice.publicKey.blob)];
  const parsed = ssh2.utils.parseKey(bench.alice.privateKey) as ParsedKey;
  const foreign = Buffer.concat([string(mallory.sessionId), alice.payload("publickey", ...fields)]);
  const signature = string(Buffer.concat([string("ssh-ed25519"), string(parsed.sign(foreign) as Buffer)]));
  expect(await mallory.try("publickey", ...fields, signature)).toMatchObject({ said: "failure" });
});

it("lets nobody in who changes the user name half way", async () => {
  const bench = await startBench();
  const login = await RawLogin.open(bench);
  expect(await login.try("publickey", ...offered(bench.alice))).toEqual({ said: "would do" });
  login.send(Buffer.concat([Buffer.from([50]), ...["root", "ssh-connection", "none"].map(string)]));
  expect(await login.next()).toEqual({ said: "closed" });
  expect(bench.log.with("authenticated")).toEqual([]);
});

it("ends a connection after maxAuthTries guesses, whatever is sent at once, and asks no more of the check", async () => {
  let asked = 0;
  const verifyPassword = () => {
    asked++;
    return undefined;
  };
  const bench = await startBench({ ...FAST, verifyPassword, maxAuthTries: 3 });
  const login = await RawLogin.open(bench);
  for (let guess = 0; guess < 8; guess++) login.request("password", ...password(`guess ${guess}`));
  for (let answer = 0; answer < 3; answer++) expect(await login.next()).toMatchObject({ said: "failure" });
  expect(await login.next()).toEqual({ said: "closed" });
  expect(asked).toBe(3);
  expect(JSON.stringify(bench.log.lines)).not.toContain("guess");
});

it("asks nothing of the check for 5,000 guesses that come at once, beyond the first few", async () => {
  let asked = 0;
  const verifyPassword = async () => {
    asked++;
    return undefined;
  };
  const bench = await startBench({ verifyPassword });
  const login = await RawLogin.open(bench);
  for (let guess = 0; guess < 5000; guess++) login.request("password", ...password(`guess ${guess}`));
  let said = await login.next();
  while (said.said !== "closed") said = await login.next();
  expect(asked).toBeLessThanOrEqual(6);
});

it("ends a connection that offers good keys for ever", async () => {
  const bench = await startBench({ maxAuthTries: 2 });
  const login = await RawLogin.open(bench);
  let offers = 0;
  while ((await login.try("publickey", ...offered(bench.alice))).said === "would do") offers++;
  expect(offers).toBe(20);
});

it("gives a password to the check as it is, and a longer one than any to nobody", async () => {
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

it("refuses a new password that nobody asked for, and one that comes without being new", async () => {
  const verifyPassword = ({ newPassword }: PasswordAttempt) =>
    newPassword === "new" ? { scopes: [] } : { changePassword: "Change!" };
  const bench = await startBench({ ...FAST, verifyPassword });
  const login = await RawLogin.open(bench);
  expect(await login.try("password", ...newPassword("old", "new"))).toMatchObject({ said: "failure" });
  expect(reasons(bench)).toEqual(["a new password, without having been asked for one"]);
  expect(await login.try("password", ...password("old"))).toEqual({ said: "change", prompt: "Change!" });
  expect(await login.try("password", ...password("old"))).toEqual({ said: "change", prompt: "Change!" });
  expect(await login.try("password", ...newPassword("old", "new"))).toEqual({ said: "success" });
});

it("lets a client that should change its password go on with a key, or with questions", async () => {
  const bench = await startBench({
    verifyPassword: () => ({ changePassword: "Change!" }),
    keyboardInteractive: async (_, ask) => ((await ask({ prompts: ["?"] }))[0] === "!" ? { scopes: [] } : undefined),
  });
  const login = await RawLogin.open(bench);
  expect(await login.try("password", ...password("old"))).toMatchObject({ said: "change" });
  expect(await login.try("publickey", ...offered(bench.alice))).toEqual({ said: "would do" });
  expect(await login.try("password", ...password("old"))).toMatchObject({ said: "change" });
  expect(await login.try("keyboard-interactive", ...QUESTIONS)).toMatchObject({ said: "questions" });
  expect(await login.answer("!")).toEqual({ said: "success" });
});

it("asks for ever longer verifyPassword only so often", async () => {
  const bench = await startBench({ verifyPassword: () => ({ changePassword: "Another!" }), maxAuthTries: 3 });
  const login = await RawLogin.open(bench);
  expect(await login.try("password", ...password("old"))).toMatchObject({ said: "change" });
  for (let round = 0; round < 2; round++) {
    expect(await login.try("password", ...newPassword("old", "new"))).toMatchObject({ said: "change" });
  }
  expect(await login.next()).toEqual({ said: "closed" });
});

it("refuses more answers, fewer, and longer ones than were asked for", async () => {
  const keyboardInteractive: ListenOptions["keyboardInteractive"] = async (_, ask) => {
    await ask({ prompts: ["One: ", "Two: "] });
    return { scopes: ["*"] };
  };
  const bench = await startBench({ ...FAST, keyboardInteractive });
  const login = await RawLogin.open(bench);
  for (const answers of [[], ["1"], ["1", "2", "3"], ["1", "x".repeat(1025)]]) {
    expect(await login.try("keyboard-interactive", ...QUESTIONS)).toMatchObject({ said: "questions" });
    expect(await login.answer(...answers)).toMatchObject({ said: "failure" });
  }
  expect(reasons(bench)).toEqual([
    "the questions failed: 0 answers to 2 prompts",
    "the questions failed: 1 answers to 2 prompts",
    "the questions failed: 3 answers to 2 prompts",
    "the questions failed: an answer is too long",
  ]);
  expect(await login.try("keyboard-interactive", ...QUESTIONS)).toMatchObject({ said: "questions" });
  expect(await login.answer("1", "2")).toEqual({ said: "success" });
});

it("goes on with a client that leaves questions unanswered, and hears no late answer to them", async () => {
  let gone: unknown;
  const keyboardInteractive: ListenOptions["keyboardInteractive"] = async ({ signal }, ask) => {
    signal.addEventListener("abort", () => {
      gone = signal.reason;
    });
    await ask({ prompts: ["Code: "] });
    return { scopes: ["*"] };
  };
  const bench = await startBench({ keyboardInteractive });
  const login = await RawLogin.open(bench);
  expect(await login.try("keyboard-interactive", ...QUESTIONS)).toMatchObject({ said: "questions" });
  expect(await login.try("publickey", ...offered(bench.alice))).toEqual({ said: "would do" });
  expect(String(gone)).toBe("Error: the client began anew");
  expect(bench.log.with("authenticated")).toEqual([]);
  expect(await login.try("publickey", ...signed(login, bench.alice))).toEqual({ said: "success" });
});

it("counts questions that are left unanswered as tries, so that guesses are not free", async () => {
  const keyboardInteractive: ListenOptions["keyboardInteractive"] = async (_, ask) => {
    await ask({ prompts: ["Code: "] });
    return undefined;
  };
  const bench = await startBench({ ...FAST, keyboardInteractive, maxAuthTries: 3 });
  const login = await RawLogin.open(bench);
  for (let guess = 0; guess < 3; guess++) {
    expect(await login.try("keyboard-interactive", ...QUESTIONS)).toMatchObject({ said: "questions" });
    // What was given up is refused by then, and must not count once more.
    await delay(20);
  }
  expect(await login.try("keyboard-interactive", ...QUESTIONS)).toEqual({ said: "closed" });
  expect(reasons(bench)).toEqual(Array(3).fill("the client began anew"));
});

it("asks only maxPromptRounds rounds, and 16 prompts in one", async () => {
  const keyboardInteractive: ListenOptions["keyboardInteractive"] = async ({ user }, ask) => {
    if (user === "wide") await ask({ prompts: Array<string>(17).fill("?") });
    for (;;) await ask({ prompts: ["Again? "] });
  };
  const bench = await startBench({ ...FAST, keyboardInteractive, maxPromptRounds: 2 });
  const login = await RawLogin.open(bench);
  expect(await login.try("keyboard-interactive", ...QUESTIONS)).toMatchObject({ said: "questions" });
  expect(await login.answer("yes")).toMatchObject({ said: "questions" });
  expect(await login.answer("yes")).toMatchObject({ said: "failure" });
  const wide = await RawLogin.open(bench, "wide");
  expect(await wide.try("keyboard-interactive", ...QUESTIONS)).toMatchObject({ said: "failure" });
  expect(reasons(bench)).toEqual([
    "the questions failed: more than 2 rounds of questions (maxPromptRounds)",
    "the questions failed: 17 prompts in one round; 16 may be",
  ]);
});

it("refuses where a check throws, gives nonsense, or does not answer in time; and goes on", async () => {
  const verifyPassword = ({ password, signal }: PasswordAttempt): never | Promise<undefined> => {
    if (password === "throw") throw new Error("the directory\nis down");
    if (password === "nonsense") return "yes" as never;
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined)));
  };
  const bench = await startBench({ ...FAST, verifyPassword, authTimeout: 1500 });
  const login = await RawLogin.open(bench);
  for (const text of ["throw", "nonsense", "hang"]) {
    expect(await login.try("password", ...password(text))).toMatchObject({ said: "failure" });
  }
  expect(reasons(bench)).toEqual([
    "the check of the password failed: the directory\\u{a}is down",
    "the check of the password failed: what it gave is no grant: that is { scopes: [...] }, or undefined for none",
    "no answer within 1500 ms (authTimeout)",
  ]);
  expect(await login.try("publickey", ...signed(login, bench.alice))).toEqual({ said: "success" });
});

it("hears nothing of a check that answers after its client has gone", async () => {
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

it("opens nothing to a client that has proven one of two, and skips none", async () => {
  const bench = await startBench({
    ...FAST,
    verifyPassword: ({ password }) => (password === "right" ? { scopes: ["notes:read", "admin"] } : undefined),
    requiredMethods: ["password", "publickey"],
  });
  const login = await RawLogin.open(bench);
  expect(await login.try("publickey", ...signed(login, bench.alice))).toEqual({
    said: "failure",
    methods: ["password"],
    partial: false,
  });
  expect(await login.try("password", ...password("right"))).toEqual({
    said: "failure",
    methods: ["publickey"],
    partial: true,
  });
  expect(await login.try("password", ...password("right"))).toMatchObject({ said: "failure", partial: false });
  expect(bench.log.with("authenticated")).toEqual([]);
  expect(await login.try("publickey", ...signed(login, bench.alice))).toEqual({ said: "success" });
  const [line] = bench.log.with("authenticated");
  expect(line?.fields).toMatchObject({ method: "password,publickey", scopes: ["notes:read"] });
});

it("cuts a connection off whose key was taken away between the first of two proofs and the second", async () => {
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
  let said = await login.next();
  while (said.said !== "closed") said = await login.next();
  expect(bench.log.with("access withdrawn")[0]?.fields).toMatchObject({ reason: "the key is not listed" });
});

it("lets nobody in without proof unless that was asked for by name", async () => {
  const closedBench = await startBench({ verifyPassword: () => ({ scopes: ["*"] }) });
  expect(await (await RawLogin.open(closedBench)).try("none")).toMatchObject({ said: "failure" });
  const open = await startBench({
    anonymous: ({ user }) => (user === "guest" ? { scopes: ["public:*"] } : undefined),
  });
  expect(await (await RawLogin.open(open)).try("none")).toMatchObject({ said: "failure" });
  expect(reasons(open)).toEqual([]);
  expect(await (await RawLogin.open(open, "guest")).try("none")).toEqual({ said: "success" });
});

it("refuses methods that it does not know, without a word of them to the log that could do harm", async () => {
  const bench = await startBench();
  const login = await RawLogin.open(bench);
  expect(await login.try("hostbased", ...[..."abcde"].map(string))).toMatchObject({ said: "failure" });
  expect(reasons(bench)).toEqual(["the method hostbased is not offered"]);
  const other = await RawLogin.open(bench);
  expect(await other.try("gssapi\x1b[2J")).toEqual({ said: "closed" });
  expect(JSON.stringify(bench.log.lines)).not.toContain("\\u001b");
});

it("refuses a user name that is none", async () => {
  const bench = await startBench({ verifyPassword: () => ({ scopes: ["*"] }), ...FAST });
  for (const user of ["", "root\x1b[2J", "x".repeat(257)]) {
    const login = await RawLogin.open(bench, user);
    expect(await login.try("password", ...password("right"))).toMatchObject({ said: "failure" });
  }
  expect(new Set(reasons(bench))).toEqual(new Set(["the user name is not one"]));
});

it("cuts a connection off when its key is gone, and gives others what their keys hold now", async () => {
  const { file, bob, bench } = await twoKeys();
  const [alice, other] = [await bench.dial(), await bench.dial({ identity: bob.file })];
  const peer = bench.accepted[1]?.peer;
  expect(peer?.scopes).toEqual(["notes:read"]);
  const gone = closed(alice);
  file.replace(`scopes="admin" ${bob.line} bob\n`);
  await gone;
  await expect.poll(() => peer?.scopes).toEqual(["admin"]);
  expect(other.destroyed).toBe(false);
  expect(bench.log.with("access withdrawn")[0]?.fields).toMatchObject({
    reason: "the key is not listed",
    user: "alice",
  });
  expect(bench.log.with("scopes changed")[0]?.fields).toMatchObject({ keyName: "bob", scopes: ["admin"] });
});

it("cuts a connection off when what it logged in with expires", async () => {
  const bench = await startBench({ authorizedKeys: () => ({ scopes: ["*"], expires: Date.now() + 1000 }) });
  // The function gives a later time whenever it is asked, so that only one that gives none later loses its peer.
  const kept = await bench.dial();
  expect(kept.destroyed).toBe(false);
  let until = 0;
  // From its first question on: a login may take a while.
  const authorizedKeys = () => {
    until ||= Date.now() + 2000;
    return { scopes: ["*"], expires: until };
  };
  const strict = await startBench({ authorizedKeys });
  await closed(await strict.dial());
  expect(strict.log.with("access withdrawn")[0]?.fields).toMatchObject({
    reason: "what it logged in with has expired",
  });
  expect(kept.destroyed).toBe(false);
  await expect(strict.dial()).rejects.toMatchObject({ status: "UNAUTHENTICATED" });
});

it.each([Number.NaN, "tomorrow", new Date(), null])("lets nobody in whose grant expires at %s", async (expires) => {
  const bench = await startBench({ authorizedKeys: () => ({ scopes: ["*"], expires: expires as number }) });
  await expect(bench.dial()).rejects.toMatchObject({ status: "UNAUTHENTICATED" });
  expect(reasons(bench)[0]).toMatch(
    /^the look-up of the key failed: what it gave expires at .*: that takes milliseconds/,
  );
});

it("keeps a connection whose key cannot be looked up again, and lets nobody else in", async () => {
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
  await expect.poll(() => bench.log.with("what a peer may do could not be looked up again").length).toBeGreaterThan(0);
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
