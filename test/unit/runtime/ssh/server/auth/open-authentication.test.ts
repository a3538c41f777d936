import { expect, it } from "vitest";
import type { AuthOptions } from "../../../../../../runtime/src/ssh/server/auth/auth-options.js";
import { openAuthentication } from "../../../../../../runtime/src/ssh/server/auth/open-authentication.js";
import { makeKey, TestLog, tempDir, write } from "../../support.js";

const open = (options: AuthOptions) => openAuthentication(options, new TestLog());
const nobody = () => undefined;

it.each([
  [
    "no way to log in",
    {},
    /^the option authorizedKeys is missing: name a file .* or give certificateAuthorities, verifyPassword/,
  ],
  ["no way but one that is switched off", { keyboardInteractive: false }, /^the option authorizedKeys is missing/],
  [
    "an authority's file that is not there",
    { certificateAuthorities: "/nowhere/ca.pub" },
    /^the option certificateAuthorities: .*\/nowhere\/ca\.pub does not exist/,
  ],
  [
    "a list of revoked keys that is not there",
    { verifyPassword: nobody, revokedKeys: "/nowhere/revoked" },
    /list of revoked keys \/nowhere\/revoked does not exist/,
  ],
  [
    "a required method that is not configured",
    { verifyPassword: nobody, requiredMethods: ["publickey"] },
    /^the option requiredMethods names publickey; it takes each once of those that are configured: keyboard-interactive, password$/,
  ],
  ["one method twice", { verifyPassword: nobody, requiredMethods: ["password", "password"] }, /names password/],
  ["no required method", { verifyPassword: nobody, requiredMethods: [] }, /requiredMethods is empty/],
  [
    "none among others that are required",
    { verifyPassword: nobody, anonymous: { scopes: [] }, requiredMethods: ["none", "password"] },
    /names none/,
  ],
  [
    "no tries",
    { verifyPassword: nobody, maxAuthTries: 0 },
    /^the option maxAuthTries is 0; it takes a whole number from 1 to /,
  ],
  ["no time", { verifyPassword: nobody, authTimeout: Number.NaN }, /^the option authTimeout is NaN/],
  ["a delay in the past", { verifyPassword: nobody, authFailureDelay: -1 }, /^the option authFailureDelay is -1/],
  ["no rounds", { verifyPassword: nobody, maxPromptRounds: 1.5 }, /^the option maxPromptRounds is 1\.5/],
] as [string, AuthOptions, RegExp][])("does not begin with %s, and says what to do", async (_, options, message) => {
  await expect(open(options)).rejects.toThrow(message);
});

it("limits tries, times and questions where nothing is said", async () => {
  const { config, close } = await open({ authorizedKeys: nobody });
  await close();
  expect(config).toMatchObject({ maxAuthTries: 6, authTimeout: 10_000, authFailureDelay: 300, maxPromptRounds: 10 });
  // Nobody gets in by what was not asked for.
  expect(config).toMatchObject({ methods: ["publickey"], allRequired: false });
});

it("offers what is configured, and keyboard-interactive beside passwords unless that is switched off", async () => {
  const methods = async (options: AuthOptions) => {
    const { config, close } = await open(options);
    await close();
    return config.methods;
  };
  expect(await methods({ authorizedKeys: nobody })).toEqual(["publickey"]);
  expect(await methods({ certificateAuthorities: () => [] })).toEqual(["publickey"]);
  expect(await methods({ verifyPassword: nobody })).toEqual(["keyboard-interactive", "password"]);
  expect(await methods({ verifyPassword: nobody, keyboardInteractive: false })).toEqual(["password"]);
  expect(await methods({ keyboardInteractive: nobody })).toEqual(["keyboard-interactive"]);
  expect(await methods({ anonymous: { scopes: [] } })).toEqual(["none"]);
  const both = { authorizedKeys: nobody, verifyPassword: nobody };
  expect(await methods({ ...both, requiredMethods: ["password", "publickey"] })).toEqual(["password", "publickey"]);
});

it("takes authorities from a file of keys, with options or without, marked or not", async () => {
  const directory = tempDir();
  const [plain, marked, stranger] = ["plain", "marked", "stranger"].map((name) => makeKey(directory, name));
  const file = write(
    directory,
    "ca.pub",
    `scopes="a" ${plain?.line} ca\ncert-authority,principals="ops" ${marked?.line}\n`,
  );
  const { config, close } = await open({ certificateAuthorities: [file] });
  const ask = (key: ReturnType<typeof makeKey> | undefined) =>
    config.publicKeys?.keys.authorities({ user: "alice", address: "192.0.2.7:1", key: key!.publicKey });
  expect(await ask(plain)).toMatchObject([{ scopes: ["a"] }]);
  expect(await ask(marked)).toMatchObject([{ scopes: [], principals: ["ops"] }]);
  expect(await ask(stranger)).toEqual([]);
  // An authority is none to log in with.
  const attempt = { user: "alice", address: "192.0.2.7:1", key: plain!.publicKey };
  expect(await config.publicKeys?.keys.lookup(attempt)).toBeUndefined();
  await close();
});
