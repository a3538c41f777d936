import { once } from "node:events";
import { connect } from "node:net";
import { connectSsh } from "sshrpc/client";
import { expect, it, onTestFinished } from "vitest";
import { readFixture, takeKey } from "../../../fixtures/keys.js";
import { type BenchOptions, failure, startBench, startTcp, tempDir, write } from "./support.js";

/** The lists of a KEXINIT that tests look at, in their order (RFC 4253, section 7.1). */
const LISTS = ["kex", "hostKey", "cipherIn", "cipherOut", "macIn", "macOut", "compressIn", "compressOut"] as const;
type Offer = Readonly<Record<(typeof LISTS)[number], readonly string[]>>;

/** Reads the KEXINIT that follows an identification string; undefined while it is incomplete. */
function readOffer(bytes: Buffer): Offer | undefined {
  const start = bytes.indexOf("\r\n") + 2;
  if (start < 2 || bytes.length < start + 5 || bytes.length < start + 4 + bytes.readUInt32BE(start)) return undefined;
  expect(bytes[start + 5]).toBe(20);
  // The length, the padding's length, the type and the cookie precede the lists.
  let at = start + 4 + 1 + 1 + 16;
  const lists = LISTS.map((name) => {
    const size = bytes.readUInt32BE(at);
    const names = bytes.toString("latin1", at + 4, at + 4 + size).split(",");
    at += 4 + size;
    // Extensions that are no algorithms: strict key exchange and EXT_INFO.
    return [name, names.filter((one) => !/^(kex-strict-|ext-info-)/.test(one))] as const;
  });
  return Object.fromEntries(lists) as unknown as Offer;
}

/** What a server with these options offers. */
async function serverOffer(options: BenchOptions = {}): Promise<Offer> {
  const { listener } = await startBench(options);
  const socket = connect(listener.port, "127.0.0.1", () => socket.write("SSH-2.0-test\r\n"));
  onTestFinished(() => void socket.destroy());
  let bytes = Buffer.alloc(0);
  for (;;) {
    const [chunk] = (await once(socket, "data")) as [Buffer];
    bytes = Buffer.concat([bytes, chunk]);
    const offer = readOffer(bytes);
    if (offer !== undefined) return offer;
  }
}

/** What a client offers that knows these lines of known_hosts, made from the server's host name. */
async function clientOffer(known: (name: string) => string): Promise<Offer> {
  let bytes = Buffer.alloc(0);
  const port = await startTcp((socket) => {
    socket.write("SSH-2.0-test\r\n");
    socket.on("data", (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (readOffer(bytes) !== undefined) socket.destroy();
    });
  });
  const knownHosts = write(tempDir(), "known_hosts", known(`[127.0.0.1]:${port}`));
  const options = { knownHosts, identity: takeKey("ed25519"), agent: false, sshConfig: false } as const;
  await failure(connectSsh(`ssh://alice@127.0.0.1:${port}`, options));
  return readOffer(bytes) as Offer;
}

it("offers the algorithms that a security audit accepts, and no others", async () => {
  const cipher = ["aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr"];
  const mac = ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"];
  const common = {
    // dropbear knows the first on a curve alone.
    kex: [
      "mlkem768x25519-sha256",
      "curve25519-sha256@libssh.org",
      "curve25519-sha256",
      "diffie-hellman-group16-sha512",
      "diffie-hellman-group18-sha512",
    ],
    ...{ cipherIn: cipher, cipherOut: cipher, macIn: mac, macOut: mac, compressIn: ["none"], compressOut: ["none"] },
  };
  expect(await serverOffer()).toEqual({ ...common, hostKey: ["ssh-ed25519"] });
  // A client also reaches servers of the last decade, which have no other codes.
  const macs = [...mac, "hmac-sha2-256", "hmac-sha2-512"];
  expect(await clientOffer(() => "")).toMatchObject({ ...common, macIn: macs, macOut: macs });
});

it("prefers known host key types, so that a known host does not look changed", async () => {
  const others = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"];
  const rsa = readFixture("rsa-2048-1.pub");
  expect((await clientOffer((name) => `${name} ${rsa}`)).hostKey).toEqual(["rsa-sha2-512", "rsa-sha2-256", ...others]);
  expect((await clientOffer(() => "")).hostKey).toEqual([...others, "rsa-sha2-512", "rsa-sha2-256"]);
});

it("offers the chosen algorithms in their order, and rejects weak ones", async () => {
  const cipher = ["aes128-ctr", "aes256-gcm@openssh.com", "aes128-ctr"];
  const { cipherIn, cipherOut } = await serverOffer({ algorithms: { cipher } });
  expect(cipherIn).toEqual(["aes128-ctr", "aes256-gcm@openssh.com"]);
  expect(cipherOut).toEqual(cipherIn);
  const rejection = async (algorithms: BenchOptions["algorithms"] & {}) =>
    (await failure(startBench({ algorithms }))).message;
  expect(await rejection({ kex: ["diffie-hellman-group14-sha1"] })).toMatch(
    /^option algorithms\.kex: "diffie-hellman-group14-sha1" is not offered: broken or weak hash.*choose from mlkem/,
  );
  expect(await rejection({ kex: ["diffie-hellman-group14-sha256"] })).toMatch(/group too small/);
  expect(await rejection({ kex: ["sntrup761x25519-sha512"] })).toMatch(/not implemented/);
  expect(await rejection({ cipher: ["aes256-cbc"] })).toMatch(/plaintext recovery/);
  expect(await rejection({ cipher: ["chacha20-poly1305@openssh.com"] })).toMatch(/CVE-2023-48795/);
  expect(await rejection({ hmac: ["hmac-sha2-256"] })).toMatch(/authenticates the plaintext/);
  expect(await rejection({ hmac: [] })).toMatch(/^option algorithms\.hmac is empty/);
  expect(await rejection({ cipher: ["rot13\n"] })).toMatch(/: "rot13\\u\{a\}" is not offered: unknown/);
});
