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
  [
    "limits in capitals, with spaces and units",
    `LIMITS="calls=100, rate=50/s,connections=4 ,bytes=64M" ${A}`,
    { scopes: [], limits: { calls: 100, rate: 50, connections: 4, bytes: 64 * 1024 ** 2 } },
  ],
  ["empty scopes", `scopes="" ${A}`, { scopes: [] }],
  [
    "options without effect on this server",
    `no-X11-Forwarding,user-rc,tunnel="0",agent-forwarding ${A}`,
    { scopes: [] },
  ],
  ["restrict", `restrict ${A}`, { scopes: [], permissions: { pty: false, portForwarding: false } }],
  [
    "restrict with an exception",
    `restrict,PTY ${A}`,
    { scopes: [], permissions: { pty: true, portForwarding: false } },
  ],
  [
    "forwarding with restrictions",
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
    "the requirements on a security key",
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

it("lists an authority with its principals", () => {
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

it("lists an authority with the limits of each of its certificates", () => {
  const { keys } = parse(`cert-authority,limits="calls=2,bytes=1G" ${A}`);
  expect(keys).toMatchObject([{ isAuthority: true, grant: { limits: { calls: 2, bytes: 1024 ** 3 } } }]);
});

it.each([
  ["a command", `command="echo \\"hi, there\\"",restrict ${A}`, "the option command is ignored"],
  ["a variable without the prefix", `environment="PATH=/bin" ${A}`, "the variable PATH is ignored"],
  [
    "a host name as the source",
    `from="*.example.com,10.0.0.0/8" ${A}`,
    "from: the host name *.example.com never matches",
  ],
])("accepts a line with %s, with a warning", (_, text, warning) => {
  const { keys, wrong, warnings } = parse(text);
  expect(keys).toHaveLength(1);
  expect(wrong).toEqual([]);
  expect(warnings).toEqual([expect.stringContaining(`keys:1: ${warning}`)]);
});

it.each([
  ["an unknown option", `magic,scopes="x" ${A}`, "unknown option magic"],
  ["an unknown option that every object has as a property", `constructor ${A}`, "unknown option constructor"],
  ["an unknown option with a value", `magic="x" ${A}`, "unknown option magic"],
  ["a value of an option without one", `restrict="x" ${A}`, "unknown option restrict"],
  ["the prefix no- of an option without it", `no-restrict ${A}`, "unknown option no-restrict"],
  ["a value without quotes", `from=10.0.0.1 ${A}`, "neither a key nor options: from=10.0.0.1"],
  ["scopes without a value", `scopes ${A}`, "the option scopes requires a value"],
  ["repeated scopes", `scopes="x",scopes="y" ${A}`, "repeated option scopes"],
  ["a * inside a scope", `scopes="a*b" ${A}`, 'option scopes: invalid scope "a*b"'],
  ["limits without a value", `limits ${A}`, "the option limits requires a value"],
  ["repeated limits", `limits="calls=1",limits="calls=2" ${A}`, "repeated option limits"],
  [
    "empty limits",
    `limits="" ${A}`,
    'option limits: unknown limit ""; known: connections, calls, callbacks, bytes, rate',
  ],
  ["a limit of every object", `limits="constructor=1" ${A}`, 'option limits: unknown limit "constructor"'],
  ["a limit in capitals", `limits="Calls=1" ${A}`, 'option limits: unknown limit "Calls"'],
  ["one limit twice", `limits="calls=1,calls=2" ${A}`, "option limits: repeated limit calls"],
  ["a limit without a value", `limits="calls" ${A}`, 'option limits: invalid limit "calls"; examples: connections=4'],
  ["a limit of 0", `limits="calls=0" ${A}`, 'option limits: invalid limit "calls=0"'],
  ["a negative limit", `limits="calls=-1" ${A}`, 'option limits: invalid limit "calls=-1"'],
  ["a limit with a fraction", `limits="rate=0.5/s" ${A}`, 'option limits: invalid limit "rate=0.5/s"'],
  ["a rate without its unit", `limits="rate=5" ${A}`, 'option limits: invalid limit "rate=5"'],
  ["a limit with an unknown unit", `limits="bytes=5T" ${A}`, 'option limits: invalid limit "bytes=5T"'],
  ["calls with a unit", `limits="calls=5K" ${A}`, 'option limits: invalid limit "calls=5K"'],
  [
    "a limit beyond all integers",
    `limits="bytes=99999999999G" ${A}`,
    'option limits: invalid limit "bytes=99999999999G"',
  ],
  [
    "a limit with a control character",
    `limits="calls=\u001b[2J" ${A}`,
    String.raw`option limits: invalid limit "calls=\u{1b}[2J"`,
  ],
  [
    "a network with host bits",
    `from="10.0.0.1/8" ${A}`,
    'option from: "10.0.0.1/8" has host bits set: write 10.0.0.0/8',
  ],
  ["a prefix that is too long", `from="10.0.0.0/33" ${A}`, 'option from: invalid entry "10.0.0.0/33"'],
  ["an empty source", `from="10.0.0.1," ${A}`, 'option from: invalid entry ""'],
  ["an excluded host name", `from="*,!evil.example.com" ${A}`, 'option from: "!evil.example.com" excludes'],
  ["an invalid date", `expiry-time="20300231" ${A}`, 'option expiry-time: invalid time "20300231"'],
  ["a date in words", `expiry-time="tomorrow" ${A}`, 'option expiry-time: invalid time "tomorrow"'],
  [
    "a date of control characters",
    `expiry-time="\u001b[2J" ${A}`,
    String.raw`option expiry-time: invalid time "\u{1b}[2J"`,
  ],
  [
    "principals without cert-authority",
    `principals="alice" ${A}`,
    "the option principals requires the option cert-authority",
  ],
  ["a host to open without a port", `permitopen="db" ${A}`, 'option permitopen: invalid host and port "db"'],
  ["an invalid port", `permitopen="db:70000" ${A}`, 'option permitopen: invalid host and port "db:70000"'],
  ["a variable without a value", `environment="RPC_A" ${A}`, 'option environment: invalid variable "RPC_A"'],
  ["an unclosed quote", `scopes="x ${A}`, "unclosed quote"],
  ["an escaped closing quote", `scopes="x\\" ${A}`, "unclosed quote"],
  ["a space inside the options", `restrict, no-pty ${A}`, "neither a key nor options: "],
  ["an empty option", `restrict,,no-pty ${A}`, "neither a key nor options"],
  ["a byte order mark", `\uFEFF${A}`, "starts with a byte order mark"],
  ["a NUL byte", `${A} a\0b`, "contains a NUL byte"],
  ["a type other than that of the blob", A.replace("ssh-ed25519", "ssh-rsa"), "the key is labeled ssh-rsa"],
  ["damaged base64", A.replace(/.{3}$/, "!!!"), "damaged ssh-ed25519 key: invalid base64"],
  ["a truncated key", A.slice(0, -8), "damaged or truncated ssh-ed25519 key"],
  ["a type alone", "ssh-ed25519", "damaged ssh-ed25519 key"],
  ["options alone", "restrict", "unknown key type"],
  ["a certificate", `ssh-ed25519-cert-v01@openssh.com ${A.split(" ")[1]}`, "certificates cannot be listed"],
  ["DSA", "ssh-dss AAAAB3NzaC1kc3M=", "unsupported key type ssh-dss"],
  ["an RSA key that is too short", `ssh-rsa ${rsa(64)}`, "unusable ssh-rsa key"],
  ["a line of 1 MB", `${A} ${"x".repeat(1_000_000)}`, "the line is longer than 65536 characters"],
  ["a private key", "-----BEGIN OPENSSH PRIVATE KEY-----", "a private key; list the public key"],
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

it("continues after an invalid line, counts lines, and skips comments and blank lines", () => {
  const { keys, wrong } = parse(`# keys\n\n  # more\nrubbish\n${A} alice\n \t \n\r\n${B} bob`);
  expect(keys.map(({ grant, place }) => [grant.keyName, place])).toEqual([
    ["alice", "keys:5"],
    ["bob", "keys:8"],
  ]);
  expect(wrong.map(({ problem }) => problem)).toEqual([expect.stringMatching(/^keys:4: unknown option rubbish/)]);
});

it("warns of a key that is listed again after an unrestricted line, also in another file", () => {
  const { keys, warnings } = parseAuthorizedKeys([
    { name: "one", text: `from="10.0.0.0/8" ${A}\nscopes="x" ${A}\nscopes="*" ${A}\ncert-authority ${A}` },
    { name: "two", text: `scopes="*" ${A}` },
  ]);
  expect(keys).toHaveLength(5);
  expect(warnings).toEqual([
    "one:3: the key is already listed at one:2; this line has no effect",
    "two:1: the key is already listed at one:2; this line has no effect",
  ]);
});

it("skips binary garbage", () => {
  const { keys } = parse(Buffer.concat([randomBytes(100_000), Buffer.from(`\n${A}`)]).toString("utf8"));
  expect(keys).toHaveLength(1);
});

it("skips the rest of a file after a thousand invalid lines, with a warning", () => {
  const { keys, wrong } = parse(`${A}\n${"rubbish\n".repeat(2000)}${B}`);
  expect(keys).toHaveLength(1);
  expect(wrong).toHaveLength(1001);
  expect(wrong.at(-1)?.problem).toBe("keys:1002: 1000 invalid lines before this one; the rest of the file is skipped");
});

it("parses hostile lines in linear time", () => {
  const quotes = '\\"'.repeat(30_000);
  const lines = [`a${",a".repeat(30_000)}`, `x="${"\\".repeat(60_000)}`, "=".repeat(60_000), quotes, `a="${quotes}`];
  const spaces = [" ", "\v", "\r"].map((space) => `a${space.repeat(60_000)}b`);
  expect(parse([...lines, ...spaces].join("\n")).keys).toEqual([]);
});
