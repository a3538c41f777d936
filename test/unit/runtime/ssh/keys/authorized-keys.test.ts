import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { parseAuthorizedKeys } from "../../../../../runtime/src/ssh/keys/authorized-keys.js";
import { generateEd25519 } from "../../../../../runtime/src/ssh/keys/generate-ed25519.js";
import { publicKeyLine } from "../../../../../runtime/src/ssh/keys/public-key.js";

const [a, b] = [generateEd25519().publicKey, generateEd25519().publicKey];
const A = publicKeyLine(a);
const B = publicKeyLine(b);
const parse = (text: string) => parseAuthorizedKeys([{ name: "keys", text }]);

it.each([
  ["a bare key", A, undefined, []],
  ["a comment of several words", `${A} alice at home `, "alice at home", []],
  ["tabs and a CRLF", `\t${A.replace(" ", "\t")}\talice\r\n`, "alice", []],
  ["scopes", `scopes="notes:read,notes:*" ${A} ci`, "ci", ["notes:read", "notes:*"]],
  ["scopes in capitals, with spaces and repetitions", `SCOPES=" x , x,*" ${A}`, undefined, ["x", "*"]],
  ["empty scopes", `scopes="" ${A}`, undefined, []],
  ["options that restrict nothing", `restrict,no-pty,No-X11-Forwarding,scopes="x" ${A}`, undefined, ["x"]],
  ["a byte order mark", `\uFEFF${A}`, undefined, []],
  ["control characters in the comment", `${A} a\x1b[2Jb`, "a\\u{1b}[2Jb", []],
])("reads %s", (_, text, keyName, scopes) => {
  const { keys, problems } = parse(text);
  expect(problems).toEqual([]);
  expect(keys).toEqual([{ key: a, place: "keys:1", scopes, ...(keyName === undefined ? {} : { keyName }) }]);
});

it.each([
  ["from", `from="10.0.0.0/8,192.0.2.1" ${A}`, "keys:1: the option from is not supported"],
  ["expiry-time", `expiry-time="20300101" ${A}`, "keys:1: the option expiry-time is not supported"],
  ["command", `command="echo \\"hi\\" there",restrict ${A}`, "keys:1: the option command is not supported"],
  ["cert-authority", `cert-authority ${A}`, "keys:1: the option cert-authority is not supported"],
  ["an option that nobody knows", `magic,scopes="x" ${A}`, "keys:1: the option magic is not supported"],
  ["a value where none belongs", `restrict="x" ${A}`, "keys:1: the option restrict is not supported"],
  ["scopes without a value", `scopes ${A}`, "keys:1: the option scopes needs a value"],
  ["scopes twice", `scopes="x",scopes="y" ${A}`, "keys:1: the option scopes is given twice"],
  ["a * inside a scope", `scopes="a*b" ${A}`, 'keys:1: the scope "a*b" is not one'],
  ["a quote that never ends", `scopes="x ${A}`, "keys:1: neither a key nor an option of one"],
  ["a space inside the options", `restrict, no-pty ${A}`, "keys:1: neither a key nor an option of one"],
  ["a type that is not the key's", A.replace("ssh-ed25519", "ssh-rsa"), "keys:1: the key says ssh-rsa outside"],
  ["damaged base64", A.replace(/.{3}$/, "!!!"), "keys:1: the ssh-ed25519 key is damaged: it is not base64"],
  ["a key that is cut off", A.slice(0, -8), "keys:1: the ssh-ed25519 key is damaged or cut off"],
  ["a type alone", "ssh-ed25519", "keys:1: the ssh-ed25519 key is damaged"],
  ["options alone", "restrict", "keys:1: no type of key"],
  ["a certificate", `ssh-ed25519-cert-v01@openssh.com ${A.split(" ")[1]}`, "keys:1: a certificate cannot be listed"],
  [
    "a hardware key",
    `sk-ssh-ed25519@openssh.com ${A.split(" ")[1]}`,
    "keys:1: keys of type sk-ssh-ed25519@openssh.com",
  ],
  ["DSA", "ssh-dss AAAAB3NzaC1kc3M=", "keys:1: keys of type ssh-dss are not supported"],
  ["a line of 1 MB", `${A} ${"x".repeat(1_000_000)}`, "keys:1: the line is longer than 65536 characters"],
  ["a private key", "-----BEGIN OPENSSH PRIVATE KEY-----", "keys:1: "],
])("never accepts %s", (_, text, problem) => {
  const { keys, problems } = parse(text);
  expect(keys).toEqual([]);
  expect(problems).toHaveLength(1);
  expect(problems[0]?.startsWith(problem)).toBe(true);
  expect(problems[0]).not.toContain("\n");
});

it("goes on after a bad line, counts lines, and passes over comments and blanks", () => {
  const { keys, problems } = parse(`# keys\n\n  # more\nrubbish\n${A} alice\n \t \n${B} bob`);
  expect(keys.map(({ keyName, place }) => [keyName, place])).toEqual([
    ["alice", "keys:5"],
    ["bob", "keys:7"],
  ]);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(/^keys:4: .*; the line is ignored$/);
});

it("lets the first of two lines with the same key count, across files too", () => {
  const { keys, problems } = parseAuthorizedKeys([
    { name: "one", text: `scopes="x" ${A}\nscopes="*" ${A}\n` },
    { name: "two", text: `scopes="*" ${A}` },
  ]);
  expect(keys.map(({ scopes }) => scopes)).toEqual([["x"]]);
  expect(problems).toEqual([
    "one:2: the key is already at one:1; that line counts; the line is ignored",
    "two:1: the key is already at one:1; that line counts; the line is ignored",
  ]);
});

it("survives binary garbage with a bounded account of it", () => {
  const { keys, problems } = parse(Buffer.concat([randomBytes(300_000), Buffer.from(`\n${A}`)]).toString("utf8"));
  expect(keys).toHaveLength(1);
  expect(problems).toHaveLength(101);
  expect(problems.at(-1)).toMatch(/^and \d+ more lines/);
});

it("takes no time that grows out of hand for a hostile line", () => {
  const { keys } = parse([`a${",a".repeat(30_000)}`, `x="${"\\".repeat(60_000)}`, "=".repeat(60_000)].join("\n"));
  expect(keys).toEqual([]);
});
