import type { AuthOptions } from "sshrpc/server";
import { expect, it } from "vitest";
import { openAuthentication } from "../../../../../../runtime/src/ssh/server/auth/open-authentication.js";
import { makeKey, tempDir, write } from "../../support.js";

const open = (options: AuthOptions) => openAuthentication(options, {});
const denyAll = () => undefined;

it.each([
  [
    "no authentication method",
    {},
    /^the option authorizedKeys is missing: name an authorized_keys file, or set certificateAuthorities, verifyPassword/,
  ],
  ["only a method that is turned off", { keyboardInteractive: false }, /^the option authorizedKeys is missing/],
  [
    "a missing file of authorities",
    { certificateAuthorities: "/nowhere/ca.pub" },
    /^option certificateAuthorities: .*\/nowhere\/ca\.pub does not exist/,
  ],
  [
    "a missing revoked keys file",
    { verifyPassword: denyAll, revokedKeys: "/nowhere/revoked" },
    /revoked keys file \/nowhere\/revoked does not exist/,
  ],
  [
    "a required method that is not configured",
    { verifyPassword: denyAll, requiredMethods: ["publickey"] },
    /^option requiredMethods: unknown, unconfigured or repeated method publickey; configured methods: keyboard-interactive, password$/,
  ],
  [
    "a repeated method",
    { verifyPassword: denyAll, requiredMethods: ["password", "password"] },
    /repeated method password; /,
  ],
  [
    "an empty list of required methods",
    { verifyPassword: denyAll, requiredMethods: [] },
    /requiredMethods: empty list;/,
  ],
  [
    "the required method none",
    { verifyPassword: denyAll, anonymous: { scopes: [] }, requiredMethods: ["none", "password"] },
    /unconfigured or repeated method none; /,
  ],
  ["maxAuthTries 0", { verifyPassword: denyAll, maxAuthTries: 0 }, /^option maxAuthTries: 0 is not an integer from 1$/],
  [
    "a timeout that is not a number",
    { verifyPassword: denyAll, authTimeout: Number.NaN },
    /^option authTimeout: NaN is not an integer/,
  ],
  [
    "a negative delay",
    { verifyPassword: denyAll, authFailureDelay: -1 },
    /^option authFailureDelay: -1 is not an integer/,
  ],
  [
    "a fractional number of rounds",
    { verifyPassword: denyAll, maxPromptRounds: 1.5 },
    /^option maxPromptRounds: 1\.5 is not an integer/,
  ],
] as [string, AuthOptions, RegExp][])("rejects %s with the fix", async (_, options, message) => {
  await expect(open(options)).rejects.toThrow(message);
});

it("limits tries, times and prompts by default", async () => {
  const { config, close } = await open({ authorizedKeys: denyAll });
  await close();
  expect(config).toMatchObject({ maxAuthTries: 6, authTimeout: 10_000, authFailureDelay: 300, maxPromptRounds: 10 });
  // Methods that are not configured stay off.
  expect(config).toMatchObject({ methods: ["publickey"], allRequired: false });
});

it("offers the configured methods, and keyboard-interactive beside passwords unless it is turned off", async () => {
  const methods = async (options: AuthOptions) => {
    const { config, close } = await open(options);
    await close();
    return config.methods;
  };
  expect(await methods({ authorizedKeys: denyAll })).toEqual(["publickey"]);
  expect(await methods({ certificateAuthorities: () => [] })).toEqual(["publickey"]);
  expect(await methods({ verifyPassword: denyAll })).toEqual(["keyboard-interactive", "password"]);
  expect(await methods({ verifyPassword: denyAll, keyboardInteractive: false })).toEqual(["password"]);
  expect(await methods({ keyboardInteractive: denyAll })).toEqual(["keyboard-interactive"]);
  expect(await methods({ anonymous: { scopes: [] } })).toEqual(["none"]);
  const both = { authorizedKeys: denyAll, verifyPassword: denyAll };
  expect(await methods({ ...both, requiredMethods: ["password", "publickey"] })).toEqual(["password", "publickey"]);
});

it("reads authorities from a file of keys, with or without options and `cert-authority`", async () => {
  const directory = tempDir();
  const [plain, marked, stranger] = ["plain", "marked", "stranger"].map((name) => makeKey(directory, name));
  const file = write(
    directory,
    "ca.pub",
    `scopes="a" ${plain?.line} ca\ncert-authority,principals="ops" ${marked?.line}\n`,
  );
  const { config, close } = await open({ certificateAuthorities: [file] });
  const lookUp = (key: ReturnType<typeof makeKey> | undefined) =>
    config.publicKeys?.keys.authorities({ user: "alice", address: "192.0.2.7:1", key: key!.publicKey });
  expect(await lookUp(plain)).toMatchObject([{ scopes: ["a"] }]);
  expect(await lookUp(marked)).toMatchObject([{ scopes: [], principals: ["ops"] }]);
  expect(await lookUp(stranger)).toEqual([]);
  // The key of an authority itself does not log in.
  const attempt = { user: "alice", address: "192.0.2.7:1", key: plain!.publicKey };
  expect(await config.publicKeys?.keys.lookup(attempt)).toBeUndefined();
  await close();
});
