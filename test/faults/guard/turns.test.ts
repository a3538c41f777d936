import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type ssh2 from "ssh2";
import { connectApi } from "sshrpc/generated";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { bundle } from "../../support/bundle.js";
import { encodeFrame, FRAME, PREAMBLE } from "../../support/raw-peer.js";
import { until, within } from "../../unit/runtime/support/wait.js";
import { type Attacker, connectTo, string, uint32 } from "./support.js";

const DIRECTORY = mkdtempSync(join(tmpdir(), "sshrpc-"));
const CHILD = join(DIRECTORY, "turns-child.mjs");
const METHODS = ["GET /echo", "GET /busy", "GET /wait", "GET /secret", "GET /stream"];
const [, BUSY, WAIT, SECRET, STREAM] = METHODS.keys();

/** Calls of a tenth of a millisecond in one turn of the event loop: one slice has 40. All at once had thousands. */
const PER_TURN = 400;

interface Report {
  readonly busy: number;
  readonly most: number;
  readonly lines: readonly { readonly message: string; readonly fields: Record<string, unknown> }[];
}

interface Server {
  /** A client of another key. */
  readonly alice: { echo(value: number): Promise<unknown> };
  readonly attack: () => Promise<Attacker>;
  readonly report: (message?: string) => Promise<Report>;
}

beforeAll(() => bundle(fileURLToPath(new URL("turns-child.ts", import.meta.url)), CHILD), 60_000);
afterAll(() => rmSync(DIRECTORY, { recursive: true }));

async function startServer(options: object = {}): Promise<Server> {
  const child: ChildProcess = fork(CHILD, [JSON.stringify(options)]);
  onTestFinished(() => void child.kill());
  const died = once(child, "exit").then(([code]) => Promise.reject(new Error(`the server ended with ${code}`)));
  died.catch(() => {});
  const [{ port, hostKey, alice, mallory }] = await Promise.race([once(child, "message"), died]);
  const anything = (): boolean => true;
  const echo = { id: "GET /echo", resource: "echo", verb: "GET", path: "/echo", kind: "unary", params: {} };
  const api = {
    name: "turns",
    version: "1.0.0",
    hash: "turns",
    methods: [{ ...echo, idempotent: true, request: anything, response: anything }],
  };
  const client = (await connectApi(api as never, `ssh://alice@127.0.0.1:${port}`, {
    identity: { privateKey: alice },
    hostKey,
  })) as never as { echo: { get(request: object): Promise<unknown> }; close(): Promise<void> };
  onTestFinished(() => client.close());
  return {
    alice: { echo: (value) => client.echo.get({ value }) },
    attack: () => connectTo(port, "ready", { privateKey: mallory }),
    report: async (message = "report") => {
      const answer = once(child, "message");
      child.send(message);
      return (await within("the report", Promise.race([answer, died])))[0] as Report;
    },
  };
}

/** A channel of the native wire, whose frames are sent at once; `received` is all that arrived. */
async function wire(attacker: Attacker): Promise<{ channel: ssh2.ClientChannel; received: () => string }> {
  const channel = await attacker.open();
  let received = "";
  channel.on("data", (chunk: Buffer) => {
    received += chunk.toString("latin1");
  });
  channel.write(Buffer.from(PREAMBLE));
  const hello = { agent: "test", methods: METHODS, limits: { message: 65_536, calls: 1024, window: 65_536 } };
  channel.write(encodeFrame({ kind: FRAME.HELLO, id: 0, body: JSON.stringify(hello) }));
  return { channel, received: () => received };
}

function opens(count: number, method: number | undefined, more: (id: number) => Buffer[] = () => []): Buffer {
  const frames = Array.from({ length: count }, (_, at) => [
    encodeFrame({ kind: FRAME.OPEN, id: 2 * at + 1, method: method ?? 0, credit: method === STREAM ? 1000 : 0 }),
    ...more(2 * at + 1),
  ]);
  return Buffer.concat(frames.flat());
}

/** The calls of another key, one after the other. */
async function others({ alice }: Server): Promise<void> {
  for (let value = 0; value < 20; value++) expect(await alice.echo(value)).toEqual({ value });
}

test("calls of one key on eight channels are handled in turns with those of another key", async () => {
  const server = await startServer();
  const attackers = await Promise.all([server.attack(), server.attack()]);
  const channels = await Promise.all(attackers.flatMap((attacker) => [1, 2, 3, 4].map(() => wire(attacker))));
  for (const { channel } of channels) channel.write(opens(1000, BUSY));
  await others(server);
  await expect.poll(async () => (await server.report("counts")).busy, { timeout: 20_000 }).toBe(8000);
  expect((await server.report("counts")).most).toBeLessThan(PER_TURN);
}, 40_000);

test("streams that begin at once prepare their first items in turns", async () => {
  const server = await startServer();
  const { channel } = await wire(await server.attack());
  channel.write(opens(300, STREAM));
  await others(server);
  await expect.poll(async () => (await server.report("counts")).busy, { timeout: 20_000 }).toBe(300);
  // Two fit into a slice; four may begin before the first look at the clock. There were twenty.
  expect((await server.report("counts")).most).toBeLessThan(12);
}, 40_000);

test("calls that are opened and cancelled at once are handled in turns, and end the connection beyond limits.cancels", async () => {
  const server = await startServer({ limits: { cancels: 100 } });
  const attacker = await server.attack();
  const { channel, received } = await wire(attacker);
  channel.write(opens(6000, WAIT, (id) => [encodeFrame({ kind: FRAME.CANCEL, id })]));
  await others(server);
  await until("the CLOSE", () => received().includes("more than 100 calls cancelled per second (limits.cancels)"));
  const { busy, most } = await server.report();
  expect(busy).toBeGreaterThan(1000);
  expect(busy).toBeLessThan(6000);
  expect(most).toBeLessThan(PER_TURN);
}, 40_000);

test("a client that disconnects while its packets wait for their turn has disconnected, and was not lost", async () => {
  const server = await startServer();
  const attacker = await server.attack();
  const { channel } = await wire(attacker);
  attacker.socket.cork();
  channel.write(opens(200, BUSY));
  attacker.client.end();
  attacker.socket.uncork();
  await attacker.gone;
  const closed = async () => (await server.report()).lines.filter(({ message }) => message === "SSH connection closed");
  await expect.poll(closed).toHaveLength(1);
  expect((await closed())[0]?.fields).not.toHaveProperty("reason");
}, 40_000);

test("refused calls are answered, and have few lines in the audit log, which has their number", async () => {
  const server = await startServer();
  const { channel, received } = await wire(await server.attack());
  channel.write(opens(3000, SECRET));
  await others(server);
  const answers = (): number => received().split("missing scope").length - 1;
  await until("the answers", () => answers() === 3000);
  const { lines } = await server.report("close");
  const refused = lines.filter(({ fields }) => fields["status"] === "FORBIDDEN");
  const summaries = lines.filter(({ message }) => message === "more refusals of this key");
  // One more period may have begun on a slow machine.
  expect(refused.length).toBeLessThanOrEqual(60);
  const counted = summaries.map(
    ({ fields }) => (fields["refusals"] as Record<string, number>)["FORBIDDEN GET /secret"],
  );
  expect(counted.reduce<number>((sum, count) => sum + (count ?? 0), refused.length)).toBe(3000);
}, 40_000);

test("lines of a shell are handled in turns", async () => {
  const server = await startServer();
  const attacker = await server.attack();
  const channel = await new Promise<ssh2.ClientChannel>((resolve, reject) =>
    attacker.client.shell(false, (error, opened) => (error ? reject(error) : resolve(opened))),
  );
  channel.resume();
  channel.write("get /busy\n".replace("get", "GET").repeat(3000));
  await others(server);
  await expect.poll(async () => (await server.report("counts")).busy, { timeout: 20_000 }).toBe(3000);
  expect((await server.report("counts")).most).toBeLessThan(PER_TURN);
}, 40_000);

test("many changes of a window redraw a long line once for each turn", async () => {
  const server = await startServer();
  const attacker = await server.attack();
  const channel = await new Promise<ssh2.ClientChannel & { readonly outgoing: { readonly id: number } }>(
    (resolve, reject) =>
      attacker.client.shell({ term: "xterm" }, (error, opened) => (error ? reject(error) : resolve(opened as never))),
  );
  let output = "";
  channel.on("data", (chunk: Buffer) => {
    output += chunk.toString("latin1");
  });
  channel.write("x".repeat(2000));
  await until("the line", () => output.length > 2000 && output.endsWith("x".repeat(64)));
  await others(server);
  const before = output.length;
  const { id } = channel.outgoing;
  for (let count = 0; count < 3000; count++)
    attacker.send(
      98,
      uint32(id),
      string("window-change"),
      0,
      uint32(80 + (count % 2)),
      uint32(24),
      uint32(0),
      uint32(0),
    );
  await others(server);
  channel.write("\u0015exit\r");
  await within("the end of the shell", once(channel, "close"));
  const redraws = (output.length - before) / 2000;
  expect(redraws).toBeGreaterThan(1);
  expect(redraws).toBeLessThan(600);
}, 40_000);

test("requests on channels beyond maxRequests end the connection, and no other", async () => {
  const server = await startServer({ maxRequests: 20 });
  const attacker = await server.attack();
  const { outgoing } = await attacker.open();
  for (let count = 0; count < 1000; count++)
    attacker.send(98, uint32(outgoing.id), string("window-change"), 0, uint32(80), uint32(24), uint32(0), uint32(0));
  await within("the end", attacker.gone);
  await others(server);
  const { lines } = await server.report();
  expect(lines.map(({ fields }) => fields["reason"])).toContain("more than 20 requests per second (maxRequests)");
}, 40_000);
