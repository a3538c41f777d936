import type { SshAlgorithms } from "../base/peer.js";
import { overSsh, type Transport } from "../base/transport.js";
import { AGENT } from "../base/version.js";
import { RpcError } from "../contract/rpc-error.js";
import { Connection } from "../wire/connection.js";
import type { Hello } from "../wire/hello.js";
import { DEFAULT_LIMITS } from "../wire/limits.js";

interface PingOptions {
  /** The number of round trips. */
  readonly count: number;
  readonly signal: AbortSignal;
}

/** What a server has answered; times in milliseconds. */
export interface Pinged {
  /** Until the connection was open: key exchange, login and HELLO. */
  readonly connected: number;
  /** One after the other, in this order. */
  readonly roundTrips: readonly number[];
  /** The program of the server, such as `sshrpc/0.1.0`. */
  readonly agent: string;
  /** The contract of the server. */
  readonly api: Hello["api"];
  readonly algorithms: SshAlgorithms;
}

/**
 * Connects to a server, measures round trips of SSH, and closes the connection. It calls no method, so it needs no scope.
 * @throws RpcError as the transport; UNAVAILABLE where the peer is not an sshrpc server, or the connection ends
 */
export async function pingServer(transport: Transport, { count, signal }: PingOptions): Promise<Pinged> {
  const start = performance.now();
  const duplex = await transport.open(signal);
  const connection = new Connection(duplex, {
    role: "dialer",
    hello: { agent: AGENT, methods: [], items: "json" },
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
    const roundTrips: number[] = [];
    while (roundTrips.length < count) {
      const sent = performance.now();
      await ssh.ping();
      roundTrips.push(performance.now() - sent);
    }
    return { connected, roundTrips, agent, api, algorithms: ssh.algorithms };
  } finally {
    signal.removeEventListener("abort", abort);
    await connection.close("the ping is over");
  }
}
