import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import type { DialOptions } from "sshrpc/client";
import { serveHandlers } from "sshrpc/server";
import { generateKeyPair } from "sshrpc/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { connect } from "../../conformance/generated/client.js";
import { defineHandlers } from "../../conformance/generated/server.js";
import { conformanceHandlers, Waits } from "../../conformance/handlers.js";
import { readFixture } from "../../fixtures/keys.js";
import { sshrpc } from "./cli/run.js";
import { makeCertificate, makeSigner } from "./ssh/keys/make-keys.js";
import { TestLog, tempDir, write } from "./ssh/support.js";

const HANDLERS = fileURLToPath(new URL("../../../examples/server.ts", import.meta.url));

const SCHEMA = fileURLToPath(new URL("../../../schema/api.ts", import.meta.url));

const MARK = "marked-passphrase-7f3a";
const { privateKey: KEY, publicKey } = generateKeyPair();
const FINGERPRINT = fingerprintOf(publicKey);
/** The public key of another user. */
const OTHER = generateKeyPair().publicKey;
const [PKCS8, LOCKED, PKCS1] = ["rsa-2048-PKCS8", "rsa-2048-PKCS8-encrypted", "rsa-2048-PEM"].map(readFixture) as [
  string,
  string,
  string,
];
const [SEC1, ED25519] = ["ecdsa-256-openssl", "ed25519-openssl"].map(readFixture) as [string, string];
const PUTTY = `PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 1\n${"Qm9vdGxlZ2dlcg".repeat(4)}\n`;
const signer = makeSigner("ssh-ed25519");
const CERTIFICATE = `${signer.publicKey.type}-cert-v01@openssh.com ${makeCertificate(signer, signer).toString("base64")}`;

/** The base64 of a key and its last line, as of `tail -n +2`. */
const withoutFirstLine = (pem: string): string => pem.split("\n").slice(1).join("\n");

/** Keys that a user may paste where a key or a file name belongs. */
const TEXTS: readonly (readonly [string, string])[] = [
  ["a key", KEY],
  ["a key with CRLF, indentation and a byte order mark", `\uFEFF\n  ${KEY.replaceAll("\n", "\r\n  ")}`],
  ["a key in one line", KEY.trim().replaceAll("\n", " ")],
  ["a key that was cut", KEY.slice(0, 200)],
  ["a key without its first line", withoutFirstLine(KEY)],
  ["a key of another format", PKCS8],
  ["a PKCS#8 key without its first line", withoutFirstLine(PKCS8)],
  ["an encrypted PKCS#8 key without its first line", withoutFirstLine(LOCKED)],
  ["a PKCS#1 key without its first line", withoutFirstLine(PKCS1)],
  ["a SEC1 key without its first line", withoutFirstLine(SEC1)],
  ["a PKCS#8 key of Ed25519 without its first line", withoutFirstLine(ED25519)],
  ["a key whose passphrase is another", LOCKED],
  ["a damaged key", KEY.replace(/^b3Blb/m, "b3Blc")],
  ["a PuTTY key", PUTTY],
];

/** Texts that are neither secret nor file names. */
const PUBLIC_TEXTS: typeof TEXTS = [
  ["a certificate", CERTIFICATE],
  ["a public key", publicKey],
];

/** Parts of the pasted texts: none may appear anywhere. */
const SECRETS = [KEY, PKCS8, PKCS1, SEC1, ED25519, LOCKED, PUTTY, CERTIFICATE]
  .flatMap((text) => text.split(/\s+/))
  .filter((word) => word.length > 30 && !word.includes("@"))
  .flatMap((word) => [word.slice(0, 24), word.slice(-24)])
  .concat(MARK, publicKey.slice(-24));

/** Options that take no file, and may show a value that is not secret. */
const SHOWING = /^(?:hostKey|jump|the address|shell|host|exemptSources|proxyProtocol|forwarding)\b(?!Alias|s)/;

/** @param shown outputs, each with the option that the text was pasted in */
function expectNoSecret(shown: readonly (readonly [string, string])[]): void {
  expect(shown.flatMap(([where, text]) => (SECRETS.some((secret) => text.includes(secret)) ? where : []))).toEqual([]);
}

/** Everything that a console shows of an error and its causes. */
async function shown(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  return `${error}${inspect(error, { depth: 20, maxStringLength: null })}`;
}

const handlers = () => defineHandlers(conformanceHandlers(new Waits()));

async function startServer() {
  const host = generateKeyPair();
  const server = await serveHandlers(handlers(), {
    port: 0,
    hostKeys: { privateKey: host.privateKey },
    authorizedKeys: { lines: [`${publicKey} alice`] },
    log: false,
  });
  onTestFinished(() => server.close());
  return { address: `ssh://alice@127.0.0.1:${server.port}`, hostKey: server.fingerprints[0] as string };
}

describe.each([...TEXTS, ...PUBLIC_TEXTS])(
  "%s that is pasted appears in no message, log line or output",
  (kind, text) => {
    const isPublic = PUBLIC_TEXTS.some(([name]) => name === kind);
    const clientOptions: readonly (readonly [string, DialOptions])[] = [
      ["identity", { identity: text, passphrase: MARK }],
      ["identity, as a Buffer", { identity: Buffer.from(text), passphrase: MARK }],
      ["identity, one of several", { identity: [text, Buffer.from(text)] }],
      ["identity.privateKey", { identity: { privateKey: text }, passphrase: MARK }],
      ["identity.privateKey, a function", { identity: { privateKey: () => text }, passphrase: () => MARK }],
      ["identity.publicKey", { identity: { privateKey: KEY, publicKey: text } }],
      ["certificate", { identity: KEY, certificate: text }],
      ["knownHosts", { identity: KEY, knownHosts: [text] }],
      ["hostKeyAlias", { identity: KEY, hostKeyAlias: text }],
      ["hostKey", { identity: KEY, hostKey: text }],
      ["agent", { identity: KEY, agent: text }],
      ["sshConfig", { identity: KEY, sshConfig: text }],
      ["jump", { identity: KEY, jump: text }],
    ];

    test("of the options of a client", async () => {
      const { address, hostKey } = await startServer();
      const lines: [string, string][] = [];
      for (const [name, given] of clientOptions) {
        for (const transport of ["ssh2", "openssh"] as const) {
          const { passphrase, ...rest } = given;
          const trust = name.startsWith("h") || name.startsWith("k") || transport === "openssh" ? {} : { hostKey };
          const options = {
            sshConfig: false,
            agent: false,
            ...trust,
            ...(transport === "ssh2" ? given : rest),
          } as const;
          const debug = (line: string) => void lines.push([`debug of ${name}`, line]);
          const connecting = connect(address, { ...options, transport, reconnect: false, debug });
          lines.push([`${name}, ${transport}`, await shown(connecting.then((client) => client.close()))]);
        }
      }
      for (const address of [text, `${text}@127.0.0.1:1`]) {
        lines.push(["the address", await shown(connect(address, { reconnect: false, sshConfig: false }))]);
      }
      expectNoSecret(lines.filter(([where]) => !isPublic || !SHOWING.test(where)));
    });

    test("of the options of a server and its files", async () => {
      const directory = tempDir();
      const file = write(directory, "file", text);
      const mixed = write(directory, "mixed", `${publicKey} alice\n${text}\n`);
      const good = { hostKeys: KEY, authorizedKeys: { lines: [publicKey] } };
      const lines: [string, string][] = [];
      for (const wrong of [
        { hostKeys: text },
        { hostKeys: Buffer.from(text) },
        { hostKeys: [text] },
        { hostKeys: { privateKey: text, passphrase: MARK } },
        { hostKeys: file },
        ...["authorizedKeys", "certificateAuthorities", "revokedKeys"].flatMap((name) => [
          { [name]: text },
          { [name]: [text] },
          { [name]: file },
          { [name]: mixed },
          ...(name === "revokedKeys" ? [] : [{ [name]: { lines: text.split("\n") } }]),
        ]),
        { audit: { file: text } },
        { shell: { run: text } },
        { host: text },
        { exemptSources: [text] },
        { proxyProtocol: [text] },
        { forwarding: { permitOpen: [text] } },
      ]) {
        const log = new TestLog();
        const starting = serveHandlers(handlers(), { port: 0, log, ...good, ...wrong });
        const error = await shown(starting.then((server) => server.close()));
        lines.push([Object.keys(wrong).join(), `${error}${JSON.stringify(log.lines)}`]);
      }
      expectNoSecret(lines.filter(([where]) => !isPublic || !SHOWING.test(where)));
    });
  },
);

/** Each case runs a process of its own, so there is one text for all. */
test.each<[string, string[]]>([
  ["call --identity", ["call", "ssh://a@127.0.0.1:1", "GET", "/x", "--identity", KEY]],
  ["call --identity --via ssh", ["call", "ssh://a@127.0.0.1:1", "GET", "/x", "--via", "ssh", "--identity", KEY]],
  ["call --known-hosts", ["call", "ssh://a@127.0.0.1:1", "GET", "/x", "--known-hosts", KEY]],
  ["call --items", ["call", "ssh://a@127.0.0.1:1", "GET", "/x", `--items=${KEY}`]],
  ["call --jump", ["call", "ssh://a@127.0.0.1:1", "GET", "/x", "--jump", KEY]],
  ["call --timeout", ["call", "ssh://a@127.0.0.1:1", "GET", "/x", "--timeout", KEY]],
  ["call ADDRESS", ["call", KEY, "GET", "/x"]],
  ["call -- ADDRESS", ["call", "--", ` ${KEY}`, "GET", "/x"]],
  ["call VERB", ["call", "ssh://a@127.0.0.1:1", ` ${KEY}`, "/x"]],
  ["call JSON", ["call", "ssh://a@127.0.0.1:1", "GET", "/x", ` ${KEY}`]],
  ["call FIELD", ["call", "ssh://a@127.0.0.1:1", "GET", "/x", "a=1", ` ${KEY}`]],
  ["call JSON and more", ["call", "ssh://a@127.0.0.1:1", "GET", "/x", "{}", ` ${KEY}`]],
  ["serve --korv", ["serve", "--handlers", "x.js", `--korv=${KEY}`]],
  ["serve --handlers", ["serve", "--handlers", KEY]],
  ["serve --host-key", ["serve", "--handlers", HANDLERS, "--port", "0", "--host-key", KEY.slice(0, 200)]],
  ["serve --authorized-keys", ["serve", "--handlers", HANDLERS, "--authorized-keys", KEY]],
  ["serve --revoked-keys", ["serve", "--handlers", HANDLERS, "--revoked-keys", KEY]],
  ["serve --audit", ["serve", "--handlers", HANDLERS, "--audit", KEY]],
  ["serve --config", ["serve", "--handlers", HANDLERS, "--config", KEY]],
  ["serve --home", ["serve", "--handlers", HANDLERS, "--home", KEY]],
  ["serve --log", ["serve", "--handlers", HANDLERS, "--stdio", "--log", KEY]],
  ["serve --listen", ["serve", "--handlers", HANDLERS, "--port", "0", "--listen", KEY]],
  ["serve --shell", ["serve", "--handlers", HANDLERS, "--port", "0", "--shell", KEY]],
  ["serve --proxy-protocol", ["serve", "--handlers", HANDLERS, "--port", "0", `--proxy-protocol=${KEY}`]],
  ["gen --schema", ["gen", "--schema", KEY]],
  ["gen --out", ["gen", "--schema", SCHEMA, `--out=${KEY}`]],
  ["gen --config", ["gen", "--config", KEY]],
  ["dev --handlers", ["dev", "--schema", SCHEMA, "--handlers", KEY]],
  ["keys init --home", ["keys", "init", "--home", KEY]],
  ["keys add KEY", ["keys", "add", KEY]],
  ["keys add -- KEY", ["keys", "add", "--", KEY]],
  ["keys add --name", ["keys", "add", OTHER, "--name", KEY]],
  ["keys add --scopes", ["keys", "add", OTHER, "--scopes", KEY]],
  ["keys add --from", ["keys", "add", OTHER, "--from", KEY]],
  ["keys add --expires", ["keys", "add", OTHER, "--expires", KEY]],
  ["keys add --host-key", ["keys", "add", OTHER, "--host-key", KEY.slice(0, 200)]],
  ["keys add --authorized-keys", ["keys", "add", OTHER, "--authorized-keys", KEY]],
  ["keys list of a private key", ["keys", "list", "--authorized-keys", "private"]],
  ["keys list --home", ["keys", "list", "--home", KEY]],
  ["keys show", ["keys", "show", "--authorized-keys", "listed", "--", KEY]],
  ["keys remove", ["keys", "remove", "--authorized-keys", "listed", "--", KEY]],
  ["keys purge --authorized-keys", ["keys", "purge", "--yes", "--authorized-keys", KEY]],
  ["keys generate", ["keys", "generate", KEY]],
  ["keys generate -- FILE", ["keys", "generate", "--", KEY]],
  ["keys public", ["keys", "public", KEY]],
  ["keys public -- FILE", ["keys", "public", "--", KEY]],
])("a key that is pasted is not printed by sshrpc %s", async (name, args) => {
  const cwd = tempDir();
  write(cwd, "private", KEY);
  write(cwd, "listed", `${publicKey} alice\n`);
  const { stdout, stderr, status } = await sshrpc(args, { cwd });
  expectNoSecret([[name, stdout + stderr]]);
  expect(status === 0).toBe(name === "keys list of a private key");
});

test("the text of a key, or a Buffer, works like a file that holds it", async () => {
  const server = await serveHandlers(handlers(), {
    port: 0,
    hostKeys: Buffer.from(`\n${KEY.replaceAll("\n", "\r\n")}`),
    authorizedKeys: { lines: [`${publicKey} alice`, readFixture("rsa-2048-PKCS8.pub")] },
    log: false,
  });
  onTestFinished(() => server.close());
  expect(server.fingerprints).toEqual([FINGERPRINT]);
  const identities = [KEY, `\uFEFF  ${KEY.replaceAll("\n", "\r\n    ")}`, Buffer.from(KEY), PKCS8, Buffer.from(PKCS8)];
  for (const identity of identities) {
    const options = {
      identity,
      agent: false,
      sshConfig: false,
      hostKey: FINGERPRINT,
      reconnect: false,
    } as const;
    const client = await connect(`ssh://alice@127.0.0.1:${server.port}`, options);
    await client.close();
  }
});

/** The fingerprint of a public key line, as OpenSSH prints it. */
function fingerprintOf(line: string): string {
  const blob = Buffer.from(line.split(" ")[1] as string, "base64");
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}
