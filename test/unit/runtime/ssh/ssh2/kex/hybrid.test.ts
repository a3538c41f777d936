import { connect as connectTcp } from "node:net";
import ssh2 from "ssh2";
import { describe, expect, onTestFinished, test } from "vitest";
import { algorithmsOf } from "../../../../../../runtime/src/base/transport.js";
import { offeredKex } from "../../../../../../runtime/src/ssh/algorithms.js";
import { string, uint32 } from "../../../../../../runtime/src/ssh/keys/format/binary-writer.js";
import { loadMlKem } from "../../../../../../runtime/src/ssh/ml-kem/load-ml-kem.js";
import { internalsOf } from "../../../../../../runtime/src/ssh/ssh2/internals.js";
import { changeOffer } from "../../../../../../runtime/src/ssh/ssh2/kex/change-offer.js";
import { guardDial } from "../../../../../../runtime/src/ssh/ssh2/packets/guard-dial.js";
import { type Bench, failure, readBytes, startBench, startTcp } from "../../support.js";
import { INIT, KEXINIT, packet, REPLY, replaceString, startTamperingRelay } from "./tampering-relay.js";

const HYBRID = "mlkem768x25519-sha256";
const CURVE = "curve25519-sha256";

const closeReasons = (bench: Bench) => bench.log.with("SSH connection closed").map(({ fields }) => fields["reason"]);

/** ssh2's client with our guard, whose protocol tests may reach into. */
async function guardedClient(
  bench: Bench,
  change?: (client: ssh2.Client) => void,
  port = bench.listener.port,
): Promise<ssh2.Client> {
  await loadMlKem();
  const client = new ssh2.Client();
  onTestFinished(() => void client.destroy());
  const { privateKey } = bench.alice;
  client.connect({ host: "127.0.0.1", port, username: "alice", privateKey, hostVerifier: () => true });
  const { _sock: socket } = client as unknown as { _sock: Parameters<typeof guardDial>[0]["socket"] };
  guardDial({ client, socket, kex: offeredKex(), abort: () => client.destroy() });
  change?.(client);
  await new Promise<void>((resolve, reject) => void client.on("error", reject).on("ready", resolve));
  return client;
}

/** Opens the echoing subsystem, and returns what it sends back. */
async function echo(client: ssh2.Client, text: string): Promise<string> {
  const channel = await new Promise<ssh2.ClientChannel>((resolve, reject) =>
    client.subsys("sshrpc", (error, opened) => (error ? reject(error) : resolve(opened))),
  );
  channel.write(text);
  const received = (await readBytes(channel, text.length)).toString();
  channel.end();
  return received;
}

describe("the negotiation", () => {
  test("prefers mlkem768x25519-sha256 between our client and our server, and tells both sides", async () => {
    const bench = await startBench();
    const duplex = await bench.dial();
    const algorithms = { kex: HYBRID, serverHostKey: "ssh-ed25519", cipher: "aes256-gcm@openssh.com" };
    expect(algorithmsOf(duplex)).toEqual(algorithms);
    expect(bench.accepted[0]?.peer.algorithms).toEqual(algorithms);
    const [line] = bench.log.with("authenticated");
    expect(line?.fields).toMatchObject({ kex: HYBRID, cipher: "aes256-gcm@openssh.com" });
  });

  test("uses curve25519 with peers without it, in either role", async () => {
    const bench = await startBench();
    const duplex = await bench.dial({ algorithms: { kex: [CURVE] } });
    expect(algorithmsOf(duplex)).toMatchObject({ kex: CURVE });
    const classical = await startBench({ algorithms: { kex: [CURVE] } });
    expect(algorithmsOf(await classical.dial())).toMatchObject({ kex: CURVE });
  });

  test("follows the order of the client, also where it prefers curve25519", async () => {
    const bench = await startBench();
    expect(algorithmsOf(await bench.dial({ algorithms: { kex: [CURVE, HYBRID] } }))).toMatchObject({ kex: CURVE });
    const required = await startBench({ algorithms: { kex: [HYBRID] } });
    expect(algorithmsOf(await required.dial({ algorithms: { kex: [CURVE, HYBRID] } }))).toMatchObject({ kex: HYBRID });
  });

  test("fails with a reason where one side requires it and the other does not have it", async () => {
    const required = await startBench({ algorithms: { kex: [HYBRID] } });
    expect(await failure(required.dial({ algorithms: { kex: [CURVE] } }))).toMatchObject({
      status: "UNAVAILABLE",
      message: expect.stringContaining(
        `no common key exchange algorithm: the server offers ${HYBRID}; the client offers ${CURVE}; change the option algorithms.kex`,
      ),
    });
    await expect
      .poll(() => closeReasons(required))
      .toEqual([
        expect.stringContaining(
          `no matching key exchange algorithm: the client offers ${CURVE}; the server offers ${HYBRID}`,
        ),
      ]);
    const classical = await startBench({ algorithms: { kex: [CURVE] } });
    expect(await failure(classical.dial({ algorithms: { kex: [HYBRID] } }))).toMatchObject({
      status: "UNAVAILABLE",
      message: expect.stringContaining(`the server offers ${CURVE}; the client offers ${HYBRID};`),
    });
  });

  test("that fails shows as much of a long offer as fits into a line of the log", async () => {
    const bench = await startBench();
    await send(bench, opening(`first\u0000\n,${"x".repeat(20_000)}`, []));
    await expect
      .poll(() => closeReasons(bench))
      .toEqual([expect.stringMatching(/the client offers first\\u\{0\}\\u\{a\}, x+…$/)]);
    expect(String(closeReasons(bench)[0]).length).toBeLessThan(1000);
  });

  test("shows the real names in the debug output of a client", async () => {
    const bench = await startBench();
    const lines: string[] = [];
    await bench.dial({ debug: (line) => lines.push(line) });
    expect(lines.join("\n")).toMatch(/\(remote\) KEX method: mlkem768x25519-sha256,curve25519-sha256@libssh\.org,/);
    expect(lines.join("\n")).toContain("KEX algorithm: mlkem768x25519-sha256");
  });

  test("ends where an option of the client names an unknown key exchange", async () => {
    const bench = await startBench();
    expect(await failure(bench.dial({ algorithms: { kex: ["mlkem768nistp256-sha256"] } }))).toMatchObject({
      status: "BAD_REQUEST",
      message: expect.stringMatching(/^option algorithms\.kex: "mlkem768nistp256-sha256" is not offered/),
    });
  });
});

describe("a rekey", () => {
  test("of the client uses it, too, and the session continues", async () => {
    const bench = await startBench({ algorithms: { kex: [HYBRID] } });
    const client = await guardedClient(bench);
    const names: string[] = [];
    client.on("handshake", ({ kex }) => void names.push(kex));
    for (let round = 1; round <= 3; round++) {
      internalsOf(client).protocol.rekey();
      expect(await echo(client, "between the keys")).toBe("between the keys");
      await expect.poll(() => names).toHaveLength(round);
    }
    expect(names).toEqual([HYBRID, HYBRID, HYBRID]);
  });

  test("of the server uses it, too, and the session continues", async () => {
    const bench = await startBench({ rekeyInterval: 1000 });
    const duplex = await bench.dial();
    await expect.poll(() => bench.log.with("new keys").length, { timeout: 10_000 }).toBeGreaterThan(1);
    duplex.write("after the rekeys");
    expect((await readBytes(duplex, 16)).toString()).toBe("after the rekeys");
    expect(algorithmsOf(duplex)).toMatchObject({ kex: HYBRID });
    expect(bench.accepted[0]?.peer.algorithms).toMatchObject({ kex: HYBRID });
  });

  test("that both sides begin at once uses it, and the session continues", async () => {
    const bench = await startBench({ algorithms: { kex: [HYBRID] }, rekeyInterval: 1000 });
    // Holds what the server sends, so that each side begins before it has the KEXINIT of the other.
    const held: Buffer[] = [];
    let isHolding = false;
    let release = (): void => {};
    const port = await startTcp((near) => {
      const far = connectTcp(bench.listener.port, "127.0.0.1");
      far.on("error", () => near.destroy()).on("close", () => near.destroy());
      near.on("close", () => far.destroy()).pipe(far);
      far.on("data", (chunk) => void (isHolding ? held.push(chunk) : near.write(chunk)));
      release = () => {
        isHolding = false;
        near.write(Buffer.concat(held));
      };
    });
    const client = await guardedClient(bench, undefined, port);
    const names: string[] = [];
    client.on("handshake", ({ kex }) => void names.push(kex));
    isHolding = true;
    // A KEXINIT is larger than all else that an idle server sends.
    await expect.poll(() => Buffer.concat(held).length, { timeout: 10_000 }).toBeGreaterThan(300);
    internalsOf(client).protocol.rekey();
    release();
    await expect.poll(() => names[0], { timeout: 10_000 }).toBe(HYBRID);
    expect(await echo(client, "between the keys")).toBe("between the keys");
  });

  test("works without strict key exchange", async () => {
    const bench = await startBench();
    const client = await guardedClient(bench, (raw) => {
      const { protocol } = internalsOf(raw);
      changeOffer(protocol, { kex: (names) => names.filter((name) => !name.startsWith("kex-strict")) });
      // ssh2 looks at the offer of the server alone.
      Object.assign(protocol, { _strictMode: false });
    });
    const names: string[] = [];
    client.on("handshake", ({ kex }) => void names.push(kex));
    internalsOf(client).protocol.rekey();
    expect(await echo(client, "between the keys")).toBe("between the keys");
    await expect.poll(() => names).toEqual([HYBRID]);
  });
});

/** A key that passes the check, and an X25519 value. */
async function validInit(): Promise<Buffer> {
  const { encapsulationKey } = (await loadMlKem()).keyGen();
  return Buffer.concat([encapsulationKey, Buffer.alloc(32, 9)]);
}

/** The first packets of a client that offers these key exchanges, and sends these payloads after its KEXINIT. */
function opening(kex: string, payloads: readonly Buffer[], { hasGuess = false } = {}): Buffer {
  const cipher = "aes128-gcm@openssh.com";
  const mac = "hmac-sha2-256-etm@openssh.com";
  const lists = [kex, "ssh-ed25519", cipher, cipher, mac, mac, "none", "none", "", ""].map(string);
  const offer = Buffer.concat([Buffer.of(KEXINIT), Buffer.alloc(16), ...lists, Buffer.of(Number(hasGuess)), uint32(0)]);
  return Buffer.concat([Buffer.from("SSH-2.0-test\r\n"), packet(offer), ...payloads.map(packet)]);
}

const init = (value: Buffer) => Buffer.concat([Buffer.of(INIT), string(value)]);

/** Sends bytes to a server, and returns what it sends until it closes or has replied. */
async function send(bench: Bench, bytes: Buffer): Promise<Buffer> {
  const socket = connectTcp(bench.listener.port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  let received = Buffer.alloc(0);
  socket
    .on("error", () => undefined)
    .on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
    });
  socket.write(bytes);
  // After the lengths of KEXDH_REPLY, its payload begins with the host key.
  const reply = Buffer.concat([Buffer.of(REPLY), uint32(51), string("ssh-ed25519")]);
  await expect.poll(() => socket.closed || received.includes(reply)).toBe(true);
  return received;
}

describe("a server", () => {
  test.each<[string, (value: Buffer) => Buffer, RegExp]>([
    ["that is a byte too short", (value) => value.subarray(1), /1215 bytes from the peer; they must be 1216/],
    ["that is a byte too long", (value) => Buffer.concat([value, Buffer.of(0)]), /1217 bytes from the peer/],
    ["that is empty", () => Buffer.alloc(0), /0 bytes from the peer/],
    ["of X25519 alone", (value) => value.subarray(-32), /32 bytes from the peer/],
    [
      "with a number over the modulus in the ML-KEM key",
      (value) => Buffer.concat([Buffer.of(0xff, 0xff, 0xff), value.subarray(3)]),
      /the ML-KEM key of the client is invalid \(FIPS 203, section 7\.2\)/,
    ],
    [
      "with an X25519 value whose secret would be all zero",
      (value) => Buffer.concat([value.subarray(0, -32), Buffer.alloc(32)]),
      /X25519 value of the peer is of small order/,
    ],
  ])("refuses a value of the client %s, with the reason in the log", async (_, change, reason) => {
    const bench = await startBench();
    await send(bench, opening(HYBRID, [init(change(await validInit()))]));
    await expect.poll(() => closeReasons(bench)).toEqual([expect.stringMatching(reason)]);
    expect(closeReasons(bench)[0]).toContain(HYBRID);
    expect(algorithmsOf(await bench.dial())).toMatchObject({ kex: HYBRID });
  });

  test("replies to a valid value with 1,120 bytes", async () => {
    const bench = await startBench();
    const received = await send(bench, opening(HYBRID, [init(await validInit())]));
    expect(received.includes(Buffer.concat([uint32(1120)]))).toBe(true);
  });

  test("refuses a second KEXINIT in the exchange", async () => {
    const bench = await startBench();
    const bytes = opening(HYBRID, []);
    await send(bench, Buffer.concat([bytes, bytes.subarray(bytes.indexOf("\n") + 1)]));
    await expect.poll(() => closeReasons(bench)).toEqual([expect.stringMatching(/extra KEXINIT/)]);
  });

  test("refuses a KEXINIT behind another packet where the client has strict key exchange", async () => {
    const bench = await startBench();
    const bytes = opening(`${HYBRID},kex-strict-c-v00@openssh.com`, [init(await validInit())]);
    const end = bytes.indexOf("\n") + 1;
    const ignore = packet(Buffer.concat([Buffer.of(2), string("")]));
    await send(bench, Buffer.concat([bytes.subarray(0, end), ignore, bytes.subarray(end)]));
    await expect
      .poll(() => closeReasons(bench))
      .toEqual([expect.stringMatching(/not first packet in strict KEX mode/)]);
  });

  test.each([
    // The client guesses the first of its own list (RFC 4253, section 7): wrong where the first of the server is another one.
    ["curve25519 is the first of the client", `${CURVE},${HYBRID}`, Buffer.alloc(32, 9), true],
    ["an unknown exchange is the first of the client", `sntrup761x25519-sha512,${HYBRID}`, Buffer.alloc(9), false],
  ])("ignores the guess of a client where %s", async (_, kex, guess, isCurve) => {
    const bench = await startBench();
    const value = isCurve ? Buffer.alloc(32, 9) : await validInit();
    const received = await send(bench, opening(kex, [init(guess), init(value)], { hasGuess: true }));
    expect(received.includes(Buffer.of(REPLY))).toBe(true);
    expect(closeReasons(bench)).toEqual([]);
  });

  test("uses the guess of a client that prefers what the server prefers", async () => {
    const bench = await startBench();
    const received = await send(bench, opening(HYBRID, [init(await validInit())], { hasGuess: true }));
    expect(received.includes(uint32(1120))).toBe(true);
  });
});

/** Changes the server's value in its reply. */
const inReply =
  (change: (value: Buffer) => Buffer) =>
  (payload: Buffer): Buffer =>
    payload[0] === REPLY ? replaceString(payload, 1, change) : payload;

/** Puts an unknown name of the same length in the place of the hybrid exchange. */
function strip(payload: Buffer): Buffer {
  if (payload[0] !== KEXINIT) return payload;
  return Buffer.from(payload.toString("latin1").replace(HYBRID, HYBRID.replace("ml", "xx")), "latin1");
}

describe("a client behind a machine in the middle", () => {
  test.each<[string, Parameters<typeof startTamperingRelay>[1], RegExp]>([
    [
      "that removes mlkem768x25519-sha256 from both offers",
      { toServer: strip, toClient: strip },
      /signature verification failed/,
    ],
    ["that removes it from one offer", { toServer: strip }, /closed the connection during the key exchange/],
    [
      "that changes the ciphertext",
      { toClient: inReply((value) => Buffer.concat([Buffer.alloc(1088, 7), value.subarray(1088)])) },
      /signature verification failed/,
    ],
    [
      "that changes the X25519 value",
      { toClient: inReply((value) => Buffer.concat([value.subarray(0, 1088), Buffer.alloc(32, 9)])) },
      /signature verification failed/,
    ],
    [
      "that sends an X25519 value of small order",
      { toClient: inReply((value) => Buffer.concat([value.subarray(0, 1088), Buffer.alloc(32)])) },
      /X25519 value of the peer is of small order/,
    ],
    [
      "that shortens the reply",
      { toClient: inReply((value) => value.subarray(0, -1)) },
      /1119 bytes from the peer; they must be 1120/,
    ],
    [
      "that lengthens the reply",
      { toClient: inReply((value) => Buffer.concat([value, Buffer.of(0)])) },
      /1121 bytes from the peer; they must be 1120/,
    ],
    [
      "that repeats the KEXINIT",
      { toClient: (payload) => (payload[0] === KEXINIT ? [payload, payload] : payload) },
      /extra KEXINIT/,
    ],
  ])("%s gets no connection, but a reason", async (_, tamper, reason) => {
    const bench = await startBench();
    const port = await startTamperingRelay(bench.listener.port, tamper);
    expect(await failure(bench.dialThrough(port))).toMatchObject({
      status: "UNAVAILABLE",
      message: expect.stringMatching(reason),
    });
    expect(bench.accepted).toEqual([]);
  });

  test("that only passes packets on gets one", async () => {
    const bench = await startBench();
    const port = await startTamperingRelay(bench.listener.port, {});
    expect(algorithmsOf(await bench.dialThrough(port))).toMatchObject({ kex: HYBRID });
  });
});
