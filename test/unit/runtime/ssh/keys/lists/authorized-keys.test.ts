import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { generateEd25519 } from "../../../../../../runtime/src/ssh/keys/format/generate-ed25519.js";
import { publicKeyLine } from "../../../../../../runtime/src/ssh/keys/format/public-key.js";
import { parseAuthorizedKeys } from "../../../../../../runtime/src/ssh/keys/lists/authorized-keys.js";

const [a, b] = [generateEd25519().publicKey, generateEd25519().publicKey];
const A = publicKeyLine(a);
const B = publicKeyLine(b);
const parse = (text: string) => parseAuthorizedKeys([{ name: "keys", text }]);

it.each<[string, string, object]>([
  ["a bare key", A, { scopes: [] }],
  ["a comment of several words", `${A} alice at home `, { scopes: [], keyName: "alice at home" }],
  ["tabs and a CRLF", `\t${A.replace(" ", "\t")}\talice\r\n`, { scopes: [], keyName: "alice" }],
  ["scopes", `scopes="notes:read,notes:*" ${A} ci`, { scopes: ["notes:read", "notes:*"], keyName: "ci" }],
  ["scopes in capitals, with spaces and repetitions", `SCOPES=" x , x,*" ${A}`, { scopes: ["x", "*"] }],
  ["empty scopes", `scopes="" ${A}`, { scopes: [] }],
  ["options that concern nothing here", `no-X11-Forwarding,user-rc,tunnel="0",agent-forwarding ${A}`, { scopes: [] }],
  ["restrict", `restrict ${A}`, { scopes: [], permissions: { pty: false, portForwarding: false } }],
  [
    "restrict, and what it leaves",
    `restrict,PTY ${A}`,
    { scopes: [], permissions: { pty: true, portForwarding: false } },
  ],
  [
    "forwarding within limits",
    `no-pty,permitopen="db:5432",permitopen="[::1]:*",permitlisten="8080",permitlisten="localhost:*" ${A}`,
    {
      scopes: [],
      permissions: {
        pty: false,
        portForwarding: true,
        permitOpen: ["db:5432", "[::1]:*"],
        permitListen: ["*:8080", "localhost:*"],
      },
    },
  ],
  [
    "what a hardware key must prove",
    `no-touch-required,verify-required ${A}`,
    { scopes: [], touchRequired: false, verifyRequired: true },
  ],
  [
    "the first of two expiry times",
    `expiry-time="20350101Z",expiry-time="20300101utc" ${A}`,
    { scopes: [], expires: Date.UTC(2030, 0, 1) },
  ],
  [
    "variables with quotes, the first of two",
    `environment="RPC_A=say \\"hi\\" \\o",environment="RPC_A=2",environment="RPC_B=" ${A}`,
    { scopes: [], environment: { RPC_A: 'say "hi" \\o', RPC_B: "" } },
  ],
  ["control characters in the comment", `${A} a\x1b[2Jb`, { scopes: [], keyName: "a\\u{1b}[2Jb" }],
])("reads %s", (_, text, grant) => {
  const { keys, wrong, warnings } = parse(text);
  expect({ wrong, warnings }).toEqual({ wrong: [], warnings: [] });
  expect(keys).toEqual([{ key: a, place: "keys:1", isAuthority: false, grant }]);
});

it("lists an authority as one, with its principals", () => {
  const { keys } = parse(`cert-authority,principals="alice,bob",scopes="x" ${A} ca`);
  expect(keys).toEqual([
    {
      key: a,
      place: "keys:1",
      isAuthority: true,
      grant: { scopes: ["x"], principals: ["alice", "bob"], keyName: "ca" },
    },
  ]);
});

it.each([
  ["a command", `command="echo \\"hi, there\\"",restrict ${A}`, "the option command is ignored"],
  ["a variable that no call sees", `environment="PATH=/bin" ${A}`, "the variable PATH is ignored"],
  ["a source that is a name", `from="*.example.com,10.0.0.0/8" ${A}`, "from: *.example.com matches nobody"],
])("takes a line with %s, and says what is ignored", (_, text, warning) => {
  const { keys, wrong, warnings } = parse(text);
  expect(keys).toHaveLength(1);
  expect(wrong).toEqual([]);
  expect(warnings).toEqual([expect.stringContaining(`keys:1: ${warning}`)]);
});

it.each([
  ["an option that nobody knows", `magic,scopes="x" ${A}`, "the option magic is unknown"],
  ["an option of every object", `constructor ${A}`, "the option constructor is unknown"],
  ["an unknown option with a value", `magic="x" ${A}`, "the option magic is unknown"],
  ["a value where none belongs", `restrict="x" ${A}`, "the option restrict is unknown"],
  ["no- before what has none", `no-restrict ${A}`, "the option no-restrict is unknown"],
  ["an option with a value that has no quotes", `from=10.0.0.1 ${A}`, "not a key, nor options of one"],
  ["scopes without a value", `scopes ${A}`, "the option scopes needs a value"],
  ["scopes twice", `scopes="x",scopes="y" ${A}`, "the option scopes is given twice"],
  ["a * inside a scope", `scopes="a*b" ${A}`, 'the option scopes: "a*b" is no scope'],
  [
    "a network with bits behind its prefix",
    `from="10.0.0.1/8" ${A}`,
    'the option from: "10.0.0.1/8" has host bits set: write 10.0.0.0/8',
  ],
  ["a prefix that is too long", `from="10.0.0.0/33" ${A}`, 'the option from: "10.0.0.0/33" is no address'],
  ["an empty source", `from="10.0.0.1," ${A}`, 'the option from: "" is no address'],
  ["a host excluded by its name", `from="*,!evil.example.com" ${A}`, 'the option from: "!evil.example.com" excludes'],
  ["a date that is none", `expiry-time="20300231" ${A}`, 'the option expiry-time: "20300231" is no time'],
  ["a date in words", `expiry-time="tomorrow" ${A}`, 'the option expiry-time: "tomorrow" is no time'],
  [
    "a date of control characters",
    `expiry-time="\u001b[2J" ${A}`,
    String.raw`the option expiry-time: "\u{1b}[2J" is no time`,
  ],
  ["principals of a plain key", `principals="alice" ${A}`, "the option principals needs cert-authority"],
  ["a place to connect to without a port", `permitopen="db" ${A}`, 'the option permitopen: "db" is no host and port'],
  ["a port that is none", `permitopen="db:70000" ${A}`, 'the option permitopen: "db:70000" is no host and port'],
  ["a variable without a value", `environment="RPC_A" ${A}`, 'the option environment: "RPC_A" is no variable'],
  ["a quote that never ends", `scopes="x ${A}`, "a quote is not closed"],
  ["a quote that is escaped away", `scopes="x\\" ${A}`, "a quote is not closed"],
  ["a space inside the options", `restrict, no-pty ${A}`, "not a key, nor options of one"],
  ["an empty option", `restrict,,no-pty ${A}`, "not a key, nor options of one"],
  ["a byte order mark", `\uFEFF${A}`, "a byte order mark stands before it"],
  ["a NUL byte", `${A} a\0b`, "it holds a NUL byte"],
  ["a type that is not the key's", A.replace("ssh-ed25519", "ssh-rsa"), "the key says ssh-rsa outside"],
  ["damaged base64", A.replace(/.{3}$/, "!!!"), "the ssh-ed25519 key is damaged: it is not base64"],
  ["a key that is cut off", A.slice(0, -8), "the ssh-ed25519 key is damaged or cut off"],
  ["a type alone", "ssh-ed25519", "the ssh-ed25519 key is damaged"],
  ["options alone", "restrict", "no type of key"],
  ["a certificate", `ssh-ed25519-cert-v01@openssh.com ${A.split(" ")[1]}`, "a certificate cannot be listed"],
  ["DSA", "ssh-dss AAAAB3NzaC1kc3M=", "keys of type ssh-dss are not supported"],
  ["an RSA key that is too short", `ssh-rsa ${rsa(64)}`, "the ssh-rsa key is none that can be used"],
  ["a line of 1 MB", `${A} ${"x".repeat(1_000_000)}`, "the line is longer than 65536 characters"],
  ["a private key", "-----BEGIN OPENSSH PRIVATE KEY-----", "a private key: list the public one"],
])("never accepts %s", (_, text, problem) => {
  const { keys, wrong } = parse(text);
  expect(keys).toEqual([]);
  expect(wrong).toEqual([{ text, problem: expect.stringMatching(/^keys:1: [^\n]*$/) }]);
  expect(wrong[0]?.problem).toContain(`keys:1: ${problem}`);
});

/** The blob of an RSA key with a modulus of so many bytes. */
function rsa(size: number): string {
  const strings = ["ssh-rsa", Buffer.from([1, 0, 1]), Buffer.concat([Buffer.from([0, 0x80]), randomBytes(size - 1)])];
  const parts = strings.map((value) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(value.length);
    return Buffer.concat([length, Buffer.from(value)]);
  });
  return Buffer.concat(parts).toString("base64");
}

it("goes on after a bad line, counts lines, and passes over comments and blanks", () => {
  const { keys, wrong } = parse(`# keys\n\n  # more\nrubbish\n${A} alice\n \t \n\r\n${B} bob`);
  expect(keys.map(({ grant, place }) => [grant.keyName, place])).toEqual([
    ["alice", "keys:5"],
    ["bob", "keys:8"],
  ]);
  expect(wrong.map(({ problem }) => problem)).toEqual([
    expect.stringMatching(/^keys:4: the option rubbish is unknown/),
  ]);
});

it("says of a key that is listed again after a line without limits that it changes nothing, across files too", () => {
  const { keys, warnings } = parseAuthorizedKeys([
    { name: "one", text: `from="10.0.0.0/8" ${A}\nscopes="x" ${A}\nscopes="*" ${A}\ncert-authority ${A}` },
    { name: "two", text: `scopes="*" ${A}` },
  ]);
  expect(keys).toHaveLength(5);
  expect(warnings).toEqual([
    "one:3: the key is already at one:2; this line changes nothing",
    "two:1: the key is already at one:2; this line changes nothing",
  ]);
});

it("survives binary garbage", () => {
  const { keys } = parse(Buffer.concat([randomBytes(100_000), Buffer.from(`\n${A}`)]).toString("utf8"));
  expect(keys).toHaveLength(1);
});

it("reads a file no further that has a thousand wrong lines, and says so", () => {
  const { keys, wrong } = parse(`${A}\n${"rubbish\n".repeat(2000)}${B}`);
  expect(keys).toHaveLength(1);
  expect(wrong).toHaveLength(1001);
  expect(wrong.at(-1)?.problem).toBe("keys:1002: 1000 lines before it are wrong; the rest is not read");
});

it("takes no time that grows out of hand for a hostile line", () => {
  const quotes = '\\"'.repeat(30_000);
  const lines = [`a${",a".repeat(30_000)}`, `x="${"\\".repeat(60_000)}`, "=".repeat(60_000), quotes, `a="${quotes}`];
  const spaces = [" ", "\v", "\r"].map((space) => `a${space.repeat(60_000)}b`);
  expect(parse([...lines, ...spaces].join("\n")).keys).toEqual([]);
});
