import { type ConnectSshOptions, fetchContract } from "sshrpc/client";
import { connectApi } from "sshrpc/generated";
import { type ServeOptions, serveHandlers } from "sshrpc/server";
import { generateKeyPair, inMemory } from "sshrpc/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { notesHandlers } from "../../adapters/notes-server.js";
import { makeCertificate, makeSigner, type Signer, string } from "../../ssh/keys/make-keys.js";
import { tempDir, write } from "../../ssh/support.js";
import { apiOf, handlersOf, type ItClient, method, TestLog } from "../../support/server.js";

/** Scopes of a grant, and whether they include `sshrpc:contract`. */
const GRANTS: readonly (readonly [scopes: readonly string[], granted: boolean])[] = [
  [[], false],
  [["*"], false],
  [["s*"], false],
  [["sshrpc*"], false],
  [["*", "notes:*", "contract"], false],
  [["sshrpc:"], false],
  [["sshrpc:health"], false],
  [["sshrpc:contract"], true],
  [["sshrpc:con*"], true],
  [["sshrpc:*"], true],
  [["*", "sshrpc:*"], true],
];

test.each([
  ["*", "notes:read", true],
  ["s*", "sshrpcs:read", true],
  ["sshrpc:*", "notes:read", false],
])("the scope %s includes %s, which is not reserved: %s", async (pattern, scope, granted) => {
  const it = method("GET /it", { scope });
  const server = inMemory(handlersOf([it], { [it.id]: () => "done" }));
  await using client = await connectApi<ItClient>(apiOf(it), server.as({ scopes: [pattern] }));
  const result = await client.it.get().catch(({ status }) => status);
  expect(result).toBe(granted ? "done" : "FORBIDDEN");
});

describe("the whole contract is served only where the scope is named,", () => {
  const [host, alice] = [generateKeyPair(), generateKeyPair()];

  async function served(
    options: Partial<ServeOptions>,
    log: TestLog = new TestLog(),
    identity: ConnectSshOptions["identity"] = { privateKey: alice.privateKey },
  ): Promise<boolean> {
    const server = await serveHandlers(notesHandlers(), {
      log,
      port: 0,
      hostKeys: { privateKey: host.privateKey },
      ...options,
    });
    onTestFinished(() => server.close());
    const { complete } = await fetchContract(`ssh://alice@127.0.0.1:${server.port}`, {
      ...(identity !== undefined && { identity }),
      password: "secret",
      prompts: async () => ["secret"],
      hostKey: server.fingerprints,
      agent: false,
      sshConfig: false,
    });
    return complete;
  }

  /** The cases over SSH: one connection each. */
  const OVER_SSH = GRANTS.filter(([scopes]) => ["*", "sshrpc:contract", "sshrpc:*"].includes(scopes.join()));

  test.each(OVER_SSH)("in authorized_keys: %j, %s", async (scopes, granted) => {
    const lines = [`scopes="${scopes.join(",")}" ${alice.publicKey}`];
    const log = new TestLog();
    expect(await served({ authorizedKeys: { lines } }, log)).toBe(granted);
    expect(log.lines.filter(({ message }) => message?.includes("no method requires"))).toEqual([]);
  });

  test.each(OVER_SSH)("by a function that looks up keys: %j, %s", async (scopes, granted) => {
    expect(await served({ authorizedKeys: () => ({ scopes }) })).toBe(granted);
  });

  test.each(OVER_SSH)("by the check of a password: %j, %s", async (scopes, granted) => {
    expect(await served({ verifyPassword: () => ({ scopes }) })).toBe(granted);
  });

  test.each(OVER_SSH)("by keyboard-interactive: %j, %s", async (scopes, granted) => {
    expect(await served({ keyboardInteractive: () => ({ scopes }) })).toBe(granted);
  });

  test.each(OVER_SSH)("of anonymous clients: %j, %s", async (scopes, granted) => {
    expect(await served({ anonymous: { scopes } })).toBe(granted);
  });

  test.each(GRANTS)("of a peer in memory: %j, %s", async (scopes, granted) => {
    expect(await fetchContract(inMemory(notesHandlers(), { peer: { scopes } }))).toMatchObject({ complete: granted });
  });

  const authority = makeSigner("ssh-ed25519");
  const blob = Buffer.from(alice.publicKey.split(" ")[1] ?? "", "base64");
  const user = { publicKey: { type: "ssh-ed25519" }, fields: blob.subarray(4 + blob.readUInt32BE()) } as Signer;

  test.each([
    [["*"], undefined, false],
    [["sshrpc:contract"], undefined, true],
    [["*"], "sshrpc:contract", false],
    [["sshrpc:*"], "*", false],
    [["sshrpc:*", "*"], "*", false],
    [["sshrpc:*"], "sshrpc:contract", true],
    [["sshrpc:contract"], "sshrpc:*", true],
  ] as const)(
    "in a certificate of an authority with %j whose extension is %s: %s",
    async (scopes, extension, granted) => {
      const extensions: [string, Buffer][] = extension === undefined ? [] : [["scopes@sshrpc", string(extension)]];
      const certificate = makeCertificate(user, authority, { extensions });
      const directory = tempDir();
      const identity = write(directory, "id", alice.privateKey);
      const type = "ssh-ed25519-cert-v01@openssh.com";
      write(directory, "id-cert.pub", `${type} ${certificate.toString("base64")}\n`);
      const lines = [`cert-authority,scopes="${scopes.join()}" ${authority.line}`];
      expect(await served({ authorizedKeys: { lines } }, new TestLog(), identity)).toBe(granted);
    },
  );

  test.each([
    ["*", "sshrpc:contract", false],
    ["sshrpc:*", "*", false],
    ["sshrpc:*", "sshrpc:contract", true],
    ["*,sshrpc:*", "*,sshrpc:*", true],
  ])(
    "by each of several required methods: a key with %s and a password with %s, %s",
    async (key, password, granted) => {
      const options: Partial<ServeOptions> = {
        requiredMethods: ["publickey", "password"],
        authorizedKeys: { lines: [`scopes="${key}" ${alice.publicKey}`] },
        verifyPassword: () => ({ scopes: password.split(",") }),
      };
      expect(await served(options)).toBe(granted);
    },
  );
});
