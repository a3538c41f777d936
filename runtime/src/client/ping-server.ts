import { anySignal } from "../base/async/any-signal.js";
import type { SshAlgorithms } from "../base/peer.js";
import { overSsh, type Transport } from "../base/transport.js";
import { AGENT } from "../base/version.js";
import { HASHES, type MethodHashes } from "../contract/built-in/built-in-api.js";
import { RpcError } from "../contract/rpc-error.js";
import { Connection } from "../wire/connection.js";
import type { Hello } from "../wire/hello.js";
import { DEFAULT_LIMITS } from "../wire/limits.js";
import { bindMethods } from "./call/bind-methods.js";
import { OneConnection } from "./connection/one-connection.js";

interface PingOptions {
  /** The number of round trips. */
  readonly count: number;
  /** Milliseconds for all of it together. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** What a server has answered; times in milliseconds. */
export interface Pinged {
  /** Until the connection was open: key exchange, login and HELLO. */
  readonly connected: number;
  /** Of SSH, one after the other, in this order. */
  readonly roundTrips: readonly number[];
  /** A call of a built-in method, which requires no scope. */
  readonly call: number;
  /** The program of the server, such as `sshrpc/0.1.0`. */
  readonly agent: string;
  /** The contract of the server. */
  readonly api: Hello["api"];
  readonly algorithms: SshAlgorithms;
}

/**
 * Connects to a server, makes a call that needs no scope, measures round trips of SSH, and closes the connection.
 * @throws RpcError as the transport; UNAVAILABLE where the peer is not an sshrpc server, where it takes no calls, or the connection ends;
 * DEADLINE_EXCEEDED
 */
export async function pingServer(transport: Transport, { count, timeout, signal }: PingOptions): Promise<Pinged> {
  const late = AbortSignal.timeout(timeout);
  try {
    return await ping(transport, { count, timeout, signal: anySignal([late, signal]) });
  } catch (error) {
    if (!late.aborted || signal.aborted) throw error;
    const message = `no complete answer of ${transport.address} within ${timeout} ms`;
    throw new RpcError("DEADLINE_EXCEEDED", message, { cause: error });
  }
}

async function ping(transport: Transport, { count, timeout, signal }: PingOptions): Promise<Pinged> {
  const start = performance.now();
  const duplex = await transport.open(signal);
  const connection = new Connection(duplex, {
    role: "dialer",
    hello: { agent: AGENT, methods: [HASHES.id], items: "json" },
    limits: DEFAULT_LIMITS,
    peerName: `the server at ${transport.address}`,
  });
  const abort = (): void => void connection.close("the ping was cancelled");
  signal.addEventListener("abort", abort, { once: true });
  try {
    const { agent, api } = await connection.ready;
    const connected = performance.now() - start;
    const ssh = overSsh(duplex);
    if (ssh?.algorithms === undefined)
      throw new RpcError("UNIMPLEMENTED", `the transport to ${transport.address} is not SSH`);
    const call = await timed(() => makeCall(connection, timeout));
    const roundTrips: number[] = [];
    while (roundTrips.length < count) roundTrips.push(await timed(() => ssh.ping()));
    return { connected, roundTrips, call, agent, api, algorithms: ssh.algorithms };
  } finally {
    signal.removeEventListener("abort", abort);
    await connection.close("the ping is over");
  }
}

/** A peer that repeats a HELLO looks like a server until it has to answer a call. */
async function makeCall(connection: Connection, timeout: number): Promise<void> {
  const connections = new OneConnection(connection);
  const bound = bindMethods([HASHES], { connections, limits: DEFAULT_LIMITS, timeout });
  const get = bound["methods"]?.["get"] as unknown as (request: object) => Promise<MethodHashes>;
  try {
    await get({ methods: [] });
  } catch (error) {
    // A server of an earlier version, or one without schemas, has answered, too.
    if (!(error instanceof RpcError) || !["NOT_FOUND", "UNIMPLEMENTED"].includes(error.status)) throw error;
  }
}

async function timed(run: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}
