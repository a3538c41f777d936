import { userInfo } from "node:os";
import { expect, test } from "vitest";
import { stdioPeer } from "../../../../../runtime/src/adapters/stdio/stdio-peer.js";
import { makeKey, tempDir, write } from "../../ssh/support.js";

const { username } = userInfo();
const NOBODY = { user: username, scopes: [] };

test("without a word of sshd there is only the user of the process, whatever the environment calls it", () => {
  expect(stdioPeer({ USER: "mallory", LOGNAME: "mallory" }, [])).toEqual(NOBODY);
});

test("the key, its methods and the address are what sshd says", () => {
  const { line, publicKey } = makeKey(tempDir(), "alice");
  const info = write(tempDir(), "sshauth.x", `publickey ${line}\npassword\ngssapi-with-mic alice@REALM\n`);
  expect(stdioPeer({ SSH_USER_AUTH: info, SSH_CONNECTION: "2001:db8::1 50122 ::1 22" }, ["notes:*"])).toEqual({
    user: username,
    fingerprint: publicKey.fingerprint,
    authMethods: ["publickey", "password"],
    address: "[2001:db8::1]:50122",
    scopes: ["notes:*"],
  });
});

test.each([
  ["that others may read or write", 0o666, "publickey ssh-ed25519 AAAA"],
  ["that is too long to be sshd's", 0o600, `password\n${"x".repeat(100_000)}`],
  ["that says nothing", 0o600, ""],
  ["that is binary", 0o600, "\0\xff\n\n \n"],
  ["with a damaged key", 0o600, "nonsense ssh-ed25519 !!\n"],
])("a file of an authentication %s proves nothing", (_, mode, text) => {
  expect(stdioPeer({ SSH_USER_AUTH: write(tempDir(), "sshauth.x", text, mode) }, [])).toEqual(NOBODY);
});

test("a key that cannot be read has no fingerprint", () => {
  const info = write(tempDir(), "sshauth.x", "publickey ssh-ed25519 AAAA\n");
  expect(stdioPeer({ SSH_USER_AUTH: info }, [])).toEqual({ ...NOBODY, authMethods: ["publickey"] });
});

test("a certificate that cannot be read, and may ask for less, lets nobody in", () => {
  const info = write(tempDir(), "sshauth.x", "publickey ssh-ed25519-cert-v01@openssh.com AAAA\n");
  expect(() => stdioPeer({ SSH_USER_AUTH: info }, ["*"])).toThrow();
});

test.each(["", "nonsense", "1.2.3.4", "1.2.3.4 port"])("a connection that is none has no address: %j", (text) => {
  expect(stdioPeer({ SSH_CONNECTION: text, SSH_USER_AUTH: "/nowhere" }, [])).toEqual(NOBODY);
});
