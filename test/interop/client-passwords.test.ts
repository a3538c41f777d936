import { readFileSync } from "node:fs";
import type { Account, PromptRequest } from "sshrpc/client";
import { expect } from "vitest";
import { takeKey } from "../fixtures/keys.js";
import { failure, makeKey, tempDir } from "../unit/runtime/ssh/support.js";
import { startAsyncssh } from "./asyncssh-server.js";
import { open, reaches } from "./client.js";
import { itWith, PYTHON } from "./stock.js";

const STOCK = [PYTHON, "python3-asyncssh"];

/** Tries no key of this machine. */
const NO_KEYS = { identity: [] };

itWith(STOCK, "sends a password if no key is accepted, and asks for it only then, at most three times", async () => {
  const server = await startAsyncssh({ password: "correct horse", key: makeKey(tempDir(), "listed").line });
  const { address, knownHosts, port } = server;
  await reaches(address, { ...NO_KEYS, knownHosts, password: "correct horse" });
  const asked: Account[] = [];
  const answers = ["wrong", "wrong again", "correct horse"];
  const password = async (account: Account) => {
    asked.push(account);
    return answers[asked.length - 1];
  };
  const mallory = makeKey(tempDir(), "mallory");
  await reaches(address, { identity: mallory.file, knownHosts, password });
  expect(asked).toEqual(Array(3).fill({ user: "alice", host: "127.0.0.1", port }));
  let count = 0;
  const wrong = await failure(open(address, { ...NO_KEYS, knownHosts, password: () => `wrong ${++count}` }));
  expect(count).toBe(3);
  expect(wrong).toMatchObject({ status: "UNAUTHENTICATED" });
  expect(wrong.message).toMatch(/^ssh:\/\/alice@127\.0\.0\.1:\d+ rejects the password; set the option identity/);
  const both = await failure(open(address, { identity: mallory.file, knownHosts, password: "wrong" }));
  expect(both.message).toMatch(/rejects the password, and accepts none of these keys: SHA256:\S+ \(.*mallory\);/);
  const skipped = await failure(open(address, { ...NO_KEYS, knownHosts, password: () => undefined }));
  expect(skipped.message).toMatch(/^no key to authenticate to/);
  const failing = () => Promise.reject(new Error("no terminal"));
  const failed = await failure(open(address, { ...NO_KEYS, knownHosts, password: failing }));
  expect(failed.message).toMatch(/the option password failed: no terminal/);
});

itWith(
  STOCK,
  "never asks for a password that the server does not accept, and lists the methods that it accepts",
  async () => {
    const { address, knownHosts } = await startAsyncssh({ key: makeKey(tempDir(), "listed").line });
    let asked = 0;
    const mallory = makeKey(tempDir(), "mallory").file;
    const options = { identity: mallory, knownHosts, password: () => `${++asked}`, prompts: () => [`${++asked}`] };
    expect((await failure(open(address, options))).message).toMatch(/accepts none of these keys/);
    expect(asked).toBe(0);
    const other = await startAsyncssh({ password: "correct horse" });
    const refused = await failure(open(other.address, { identity: mallory, knownHosts: other.knownHosts }));
    expect(refused.message).toMatch(/^no key to authenticate to .* \(the server accepts no keys, only password\)/);
  },
);

itWith(STOCK, "changes an expired password, and names the missing option", async () => {
  const server = await startAsyncssh({ expired: { password: "old one", message: "Expired!\u001b[2J" } });
  const { address, knownHosts } = server;
  const messages: string[] = [];
  const newPassword = async ({ message }: { message: string }) => {
    messages.push(message);
    return messages.length === 1 ? "short" : "long enough";
  };
  await reaches(address, { ...NO_KEYS, knownHosts, password: "old one", newPassword });
  expect(messages).toEqual(["Expired!\u001b[2J", "longer, please"]);
  expect(server.heard()).toMatch(/change old one short\nchange old one long enough/);
  let count = 0;
  const short = () => `${++count}`;
  const endless = await failure(open(address, { ...NO_KEYS, knownHosts, password: "old one", newPassword: short }));
  expect(endless.message).toMatch(/: the server rejected 3 new passwords \(longer, please\)$/);
  expect(count).toBe(3);
  const refused = await failure(open(address, { ...NO_KEYS, knownHosts, password: "old one" }));
  expect(refused).toMatchObject({ status: "UNAUTHENTICATED" });
  expect(refused.message).toMatch(
    /: the server requires a password change \(Expired!\\u\{1b\}\[2J\): set the option newPassword$/,
  );
});

itWith(
  STOCK,
  "answers keyboard-interactive requests in several rounds, and passes on those without prompts",
  async () => {
    const rounds = [
      {
        name: "Two steps",
        instructions: "First",
        prompts: [
          ["User: ", true],
          ["Code: ", false],
        ] as const,
        answers: ["al", "12"],
      },
      { name: "", instructions: "Just so that you know", prompts: [], answers: [] },
      { name: "", instructions: "", prompts: [["Sure? ", true]] as const, answers: ["yes"] },
    ];
    const { address, knownHosts, port } = await startAsyncssh({ rounds });
    const seen: PromptRequest[] = [];
    const prompts = async (request: PromptRequest) => {
      seen.push(request);
      return rounds[seen.length - 1]?.answers ?? [];
    };
    await reaches(address, { ...NO_KEYS, knownHosts, prompts });
    expect(seen).toEqual(
      rounds.map(({ name, instructions, prompts: asked }) => ({
        ...{ user: "alice", host: "127.0.0.1", port, name, instructions },
        prompts: asked.map(([text, echo]) => ({ text, echo })),
      })),
    );
    const few = await failure(open(address, { ...NO_KEYS, knownHosts, prompts: () => ["only one"] }));
    expect(few.message).toMatch(/the option prompts returned 1 answers to 2 prompts/);
    const none = await failure(open(address, { ...NO_KEYS, knownHosts, prompts: () => undefined }));
    expect(none.message).toMatch(/rejects the keyboard-interactive answers/);
    const passwordOnly = await failure(open(address, { ...NO_KEYS, knownHosts, password: "12" }));
    expect(passwordOnly.message).toMatch(/the server prompts for more than a password: set the option prompts/);
  },
);

itWith(STOCK, "answers a keyboard-interactive prompt for a password with the password", async () => {
  const rounds = [
    { name: "", instructions: "", prompts: [["Password: ", false]] as const, answers: ["correct horse"] },
  ];
  const { address, knownHosts } = await startAsyncssh({ rounds });
  await reaches(address, { ...NO_KEYS, knownHosts, password: "correct horse" });
  expect((await failure(open(address, { ...NO_KEYS, knownHosts, password: "no" }))).message).toMatch(
    /rejects the keyboard-interactive answers/,
  );
});

itWith(
  [...STOCK, "ssh-keygen"],
  "signs with the RSA algorithm that the server accepts, and never with SHA-1",
  async () => {
    const identity = takeKey("rsa-2048", "rsa");
    const key = readFileSync(`${identity}.pub`, "utf8").trim();
    for (const algorithm of ["rsa-sha2-256", "rsa-sha2-512"]) {
      const { address, knownHosts } = await startAsyncssh({ key, signatureAlgorithms: [algorithm] });
      await reaches(address, { identity, knownHosts });
    }
    const weak = await startAsyncssh({ key, signatureAlgorithms: ["ssh-rsa"] });
    expect((await failure(open(weak.address, { identity, knownHosts: weak.knownHosts }))).message).toMatch(
      /the server accepts only SHA-1 signatures of SHA256:\S+ \(.*rsa\), which this client never makes/,
    );
  },
);
