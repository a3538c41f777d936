import { appendFileSync, chmodSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { logObserver } from "../../../../../../runtime/src/observe/log-observer.js";
import { parseCertificate } from "../../../../../../runtime/src/ssh/keys/format/certificate.js";
import { publicKeyLine } from "../../../../../../runtime/src/ssh/keys/format/public-key.js";
import { RevokedKeys } from "../../../../../../runtime/src/ssh/keys/lists/revoked-keys.js";
import { TestLog, tempDir, write } from "../../support.js";
import { makeCertificate, makeSigner, string, uint32, uint64 } from "../make-keys.js";

const [gone, kept, authority, other] = ["ssh-ed25519", "ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-ed25519"].map(
  (type) => makeSigner(type),
) as [
  ReturnType<typeof makeSigner>,
  ReturnType<typeof makeSigner>,
  ReturnType<typeof makeSigner>,
  ReturnType<typeof makeSigner>,
];

async function open(content: string | Buffer) {
  const file = write(tempDir(), "revoked", content);
  const log = new TestLog();
  const revoked = await RevokedKeys.open([file], logObserver(log).observer);
  onTestFinished(() => revoked.close());
  return { file, log, revoked };
}

const certificate = (serial: bigint, keyId = "laptop", by = authority) =>
  parseCertificate(makeCertificate(kept, by, { serial, keyId }));

/** A key revocation list in the format of PROTOCOL.krl. */
function krl(...sections: readonly (readonly [number, Buffer])[]): Buffer {
  const head = [
    Buffer.from("SSHKRL\n\0"),
    uint32(1),
    uint64(1n),
    uint64(0n),
    uint64(0n),
    string(""),
    string("comment"),
  ];
  return Buffer.concat([
    ...head,
    ...sections.map(([type, data]) => Buffer.concat([Buffer.from([type]), string(data)])),
  ]);
}

/** A section with certificates of an authority, or of all where `by` is empty. */
const certificates = (by: Buffer, ...parts: readonly (readonly [number, Buffer])[]) =>
  [
    1,
    Buffer.concat([
      string(by),
      string(""),
      ...parts.map(([type, data]) => Buffer.concat([Buffer.from([type]), string(data)])),
    ]),
  ] as const;

it("revokes exactly the keys of a list, with any white space and comments", async () => {
  const { revoked } = await open(
    `\uFEFF# lost\r\n\r\n  ${publicKeyLine(gone.publicKey)}\tcomment here\r\n${publicKeyLine(other.publicKey)}`,
  );
  expect(await revoked.reason(gone.publicKey)).toBe("the key is revoked");
  expect(await revoked.reason(other.publicKey)).toBe("the key is revoked");
  expect(await revoked.reason(kept.publicKey)).toBeUndefined();
});

it("revokes the certificates of a revoked key, and those of a revoked authority", async () => {
  const byKey = await open(publicKeyLine(kept.publicKey));
  expect(await byKey.revoked.reason(kept.publicKey, certificate(1n))).toBe("the key is revoked");
  const byAuthority = await open(publicKeyLine(authority.publicKey));
  expect(await byAuthority.revoked.reason(kept.publicKey, certificate(1n))).toBe("the authority is revoked");
  expect(await byAuthority.revoked.reason(kept.publicKey, certificate(1n, "laptop", other))).toBeUndefined();
});

it("revokes certificates by serial number, range, bitmap and key ID, of one authority or of all", async () => {
  const { revoked } = await open(
    krl(
      certificates(
        authority.publicKey.blob,
        [0x20, Buffer.concat([uint64(3n), uint64(2n ** 63n)])],
        [0x21, Buffer.concat([uint64(100n), uint64(102n)])],
        [0x22, Buffer.concat([uint64(1000n), string(Buffer.from([0x02, 0x05]))])],
        [0x39, Buffer.concat([string("what@ever"), Buffer.from([0]), string("x")])],
      ),
      certificates(Buffer.alloc(0), [0x23, Buffer.concat([string("stolen"), string("lost")])]),
      [255, Buffer.concat([string("what@ever"), Buffer.from([0]), string("x")])],
    ),
  );
  const isRevoked = async (serial: bigint) => (await revoked.reason(kept.publicKey, certificate(serial))) !== undefined;
  const tried = [
    0n,
    1n,
    2n,
    3n,
    4n,
    99n,
    100n,
    101n,
    102n,
    103n,
    999n,
    1000n,
    1001n,
    1002n,
    1009n,
    1010n,
    1016n,
    2n ** 63n,
  ];
  const found: bigint[] = [];
  for (const serial of tried) if (await isRevoked(serial)) found.push(serial);
  expect(found).toEqual([3n, 100n, 101n, 102n, 1000n, 1002n, 1009n, 2n ** 63n]);
  expect(await revoked.reason(kept.publicKey, certificate(3n, "laptop", other))).toBeUndefined();
  expect(await revoked.reason(kept.publicKey, certificate(7n, "stolen", other))).toBe("the certificate is revoked");
});

it.each([
  ["is truncated", krl([2, string(gone.publicKey.blob)]).subarray(0, -1), /damaged key revocation list: truncated/],
  ["has an unknown section", krl([9, Buffer.alloc(4)]), /unknown section type 9/],
  ["has a signature, which OpenSSH no longer supports", krl([4, Buffer.alloc(4)]), /unknown section type 4/],
  [
    "has an unknown certificate section",
    krl(certificates(Buffer.alloc(0), [0x40, Buffer.alloc(4)])),
    /unknown certificate section type 64/,
  ],
  [
    "has an unknown critical extension",
    krl([255, Buffer.concat([string("x"), Buffer.from([1]), string("")])]),
    /unknown critical extension "x"/,
  ],
  [
    "has another format version",
    Buffer.concat([Buffer.from("SSHKRL\n\0"), uint32(2)]),
    /unknown format version 2; only 1 is supported/,
  ],
] as [string, Buffer, RegExp][])(
  "does not open a list that %s, and names the command that creates one",
  async (_, content, message) => {
    const error: Error = await open(content).then(
      () => expect.unreachable("it opened"),
      (reason) => reason,
    );
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^\/.*\/revoked: .*; create it again with `ssh-keygen -k`$/);
  },
);

it.each([
  ["an invalid line", "what is this\n", /\/revoked:1: /],
  [
    "a damaged key",
    `# one\nssh-ed25519 AAAA\n`,
    /\/revoked:2: .*damaged.*; a revoked keys file has one public key per line$/,
  ],
  ["a certificate", `ssh-ed25519-cert-v01@openssh.com AAAA\n`, /:1: a certificate; list its key here/],
  ["binary", Buffer.from([0, 1, 2, 255, 254]), /\/revoked:1: /],
] as [string, string | Buffer, RegExp][])(
  "does not open a list with %s, and names the line",
  async (_, content, message) => {
    await expect(open(content)).rejects.toThrow(message);
  },
);

it("does not open a list that is missing, or writable by others", async () => {
  await expect(RevokedKeys.open([`${tempDir()}/none`], {})).rejects.toThrow(/revoked keys file .*none does not exist/);
  const file = write(tempDir(), "open", "", 0o666);
  chmodSync(file, 0o666);
  await expect(RevokedKeys.open([file], {})).rejects.toThrow(/permissions 0666 are too open/);
});

it("revokes nothing with an empty list of either format", async () => {
  for (const content of ["", krl()]) {
    const { revoked } = await open(content);
    expect(await revoked.reason(kept.publicKey, certificate(1n))).toBeUndefined();
  }
});

it("never accepts a revoked key during a save, in which the list is empty or truncated", async () => {
  const { file, revoked } = await open(`${publicKeyLine(other.publicKey)}\n${publicKeyLine(gone.publicKey)}\n`);
  for (const pause of [0, 5, 20]) {
    writeFileSync(file, "");
    const whileEmpty = revoked.reason(gone.publicKey);
    await delay(pause);
    appendFileSync(file, `${publicKeyLine(other.publicKey)}\n`);
    const whileShort = revoked.reason(gone.publicKey);
    await delay(pause);
    appendFileSync(file, `${publicKeyLine(gone.publicKey)}\n`);
    expect(await Promise.all([whileEmpty, whileShort])).toEqual(["the key is revoked", "the key is revoked"]);
  }
});

it("notifies of changes, and rejects every key while the list is unreadable", async () => {
  const { file, log, revoked } = await open("");
  let changes = 0;
  revoked.onChange(() => changes++);
  writeFileSync(file, `${publicKeyLine(gone.publicKey)}\n`);
  await expect.poll(() => changes).toBe(1);
  expect(await revoked.reason(gone.publicKey)).toBe("the key is revoked");
  writeFileSync(file, "broken\n");
  await expect(revoked.reason(kept.publicKey)).rejects.toThrow(/revoked:1: /);
  await expect.poll(() => log.lines.filter(({ level }) => level === "error").length).toBe(1);
  expect(log.lines.at(-1)?.message).toMatch(/; public key authentication fails until the file is fixed$/);
  rmSync(file);
  await expect(revoked.reason(kept.publicKey)).rejects.toThrow(/does not exist/);
  writeFileSync(file, "", { mode: 0o600 });
  expect(await revoked.reason(gone.publicKey)).toBeUndefined();
  await expect.poll(() => changes).toBe(2);
});
