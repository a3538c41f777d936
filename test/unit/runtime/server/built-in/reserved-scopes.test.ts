import { fetchContract } from "sshrpc/client";
import { type ServeOptions, serveHandlers } from "sshrpc/server";
import { generateKeyPair, inMemory } from "sshrpc/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { grants } from "../../../../../runtime/src/base/peer.js";
import { parseCertificate } from "../../../../../runtime/src/ssh/keys/format/certificate.js";
import { certificateGrant } from "../../../../../runtime/src/ssh/server/auth/certificate.js";
import { commonScopes } from "../../../../../runtime/src/ssh/server/auth/login-grant.js";
import { notesHandlers } from "../../adapters/notes-server.js";
import { makeCertificate, makeSigner, string } from "../../ssh/keys/make-keys.js";
import { TestLog } from "../../support/server.js";

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

test.each(GRANTS)("the scopes %j include sshrpc:contract: %s", (scopes, granted) => {
  expect(grants(scopes, "sshrpc:contract")).toBe(granted);
});

test("other scopes are granted by patterns as before", () => {
  expect(grants(["*"], "notes:read")).toBe(true);
  expect(grants(["s*"], "sshrpcs:read")).toBe(true);
  expect(grants(["sshrpc:*"], "notes:read")).toBe(false);
});

describe("the whole contract is served only where the scope is named,", () => {
  const [host, alice] = [generateKeyPair(), generateKeyPair()];

  async function served(options: Partial<ServeOptions>, log: TestLog = new TestLog()): Promise<boolean> {
    const server = await serveHandlers(notesHandlers(), {
      log,
      port: 0,
      hostKeys: { privateKey: host.privateKey },
      ...options,
    });
    onTestFinished(() => server.close());
    const { complete } = await fetchContract(`ssh://alice@127.0.0.1:${server.port}`, {
      identity: { privateKey: alice.privateKey },
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

  test.each(OVER_SSH)("of a peer in memory: %j, %s", async (scopes, granted) => {
    expect(await fetchContract(inMemory(notesHandlers(), { peer: { scopes } }))).toMatchObject({ complete: granted });
  });

  const authority = makeSigner("ssh-ed25519");
  const user = makeSigner("ssh-ed25519");

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
      const certificate = parseCertificate(makeCertificate(user, authority, { extensions }));
      const grant = await certificateGrant(certificate, { user: "alice", address: "192.0.2.7:1" }, () => [{ scopes }]);
      if ("deny" in grant) throw new Error(String(grant.deny));
      expect(grants(grant.scopes, "sshrpc:contract")).toBe(granted);
    },
  );

  test("by each of several required methods", () => {
    const both = (one: string[], other: string[]) => grants(commonScopes(one, other), "sshrpc:contract");
    expect(both(["*"], ["sshrpc:contract"])).toBe(false);
    expect(both(["sshrpc:*"], ["*"])).toBe(false);
    expect(both(["sshrpc:*"], ["sshrpc:contract"])).toBe(true);
    expect(both(["*", "sshrpc:*"], ["*", "sshrpc:*"])).toBe(true);
  });
});
