import { userInfo } from "node:os";
import { expect, test } from "vitest";
import { stdioPeer } from "../../../../../runtime/src/adapters/stdio/stdio-peer.js";
import { makeKey, tempDir, write } from "../../ssh/support.js";

const { username } = userInfo();
const UNKNOWN = { user: username, principal: username, scopes: [] };

test("without variables of sshd the peer has the user of the process, not that of USER or LOGNAME", () => {
  expect(stdioPeer({ USER: "mallory", LOGNAME: "mallory" }, [])).toEqual(UNKNOWN);
});

test("the key, the methods and the address are those of sshd's variables", () => {
  const { line, publicKey } = makeKey(tempDir(), "alice");
  const info = write(tempDir(), "sshauth.x", `publickey ${line}\npassword\ngssapi-with-mic alice@REALM\n`);
  expect(stdioPeer({ SSH_USER_AUTH: info, SSH_CONNECTION: "2001:db8::1 50122 ::1 22" }, ["notes:*"])).toEqual({
    user: username,
    principal: username,
    fingerprint: publicKey.fingerprint,
    authMethods: ["publickey", "password"],
    address: "[2001:db8::1]:50122",
    scopes: ["notes:*"],
  });
});

test.each([
  ["with access for others", 0o666, "publickey ssh-ed25519 AAAA"],
  ["over 64 KiB", 0o600, `password\n${"x".repeat(100_000)}`],
  ["that is empty", 0o600, ""],
  ["that is binary", 0o600, "\0\xff\n\n \n"],
  ["with a damaged key", 0o600, "nonsense ssh-ed25519 !!\n"],
])("an SSH_USER_AUTH file %s is ignored", (_, mode, text) => {
  expect(stdioPeer({ SSH_USER_AUTH: write(tempDir(), "sshauth.x", text, mode) }, [])).toEqual(UNKNOWN);
});

test("a key that cannot be parsed has no fingerprint", () => {
  const info = write(tempDir(), "sshauth.x", "publickey ssh-ed25519 AAAA\n");
  expect(stdioPeer({ SSH_USER_AUTH: info }, [])).toEqual({ ...UNKNOWN, authMethods: ["publickey"] });
});

test("a certificate that cannot be parsed is refused, because it may reduce the scopes", () => {
  const info = write(tempDir(), "sshauth.x", "publickey ssh-ed25519-cert-v01@openssh.com AAAA\n");
  expect(() => stdioPeer({ SSH_USER_AUTH: info }, ["*"])).toThrow();
});

test.each(["", "nonsense", "1.2.3.4", "1.2.3.4 port"])("an invalid SSH_CONNECTION gives no address: %j", (text) => {
  expect(stdioPeer({ SSH_CONNECTION: text, SSH_USER_AUTH: "/nowhere" }, [])).toEqual(UNKNOWN);
});
