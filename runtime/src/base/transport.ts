import { Duplex } from "node:stream";
import type { SshAlgorithms } from "./peer.js";
import type { SshClient } from "./ssh-client.js";

/** Bytes that a duplex buffers, in each direction. */
export const HIGH_WATER_MARK = 256 * 1024;

/**
 * Opens byte duplexes to a peer: over ssh2, the `ssh` program, stdio, or memory. The multiplexer runs on any of them.
 */
export interface Transport {
  /** The address of the peer for messages, such as `ssh://alice@edge:8022`. */
  readonly address: string;
  /**
   * Opens a new duplex, which the caller destroys. It always emits 'close', also when the peer is killed. Rejects with an
   * RpcError: `UNAUTHENTICATED` if either side rejects the other's authentication, `CANCELLED` if `signal` aborts,
   * otherwise `UNAVAILABLE`.
   */
  open(signal?: AbortSignal): Promise<Duplex>;
  /**
   * Creates a plain SSH client for the same host, if the transport is SSH. It connects on first use; the caller closes it.
   */
  ssh?(): SshClient;
}

/** A duplex over an SSH connection of this package. */
interface SshDuplex extends Duplex {
  /** What the connection has negotiated. */
  readonly algorithms: SshAlgorithms | undefined;
  /** Client: resolves when the server has answered a keepalive request. @throws Error where the connection ends before */
  ping(): Promise<void>;
}

/** The duplex, if it is one over SSH. */
export function overSsh(duplex: Duplex): SshDuplex | undefined {
  return "algorithms" in duplex ? (duplex as SshDuplex) : undefined;
}

/** What the SSH connection below a duplex has negotiated; undefined for a duplex of another transport. */
export function algorithmsOf(duplex: Duplex): SshAlgorithms | undefined {
  return overSsh(duplex)?.algorithms;
}

/** Duplexes that may be used before their peer has answered the request for them. */
const OPENING = new WeakMap<Duplex, Promise<void>>();

/** Notes that a duplex is not open yet. @param opening resolves when it is, or was closed; its transport bounds the time */
export function setOpening(duplex: Duplex, opening: Promise<void>): void {
  OPENING.set(duplex, opening);
}

/** Resolves when the peer has answered the request for a duplex; undefined for one that was open from the start. */
export function openingOf(duplex: Duplex): Promise<void> | undefined {
  return OPENING.get(duplex);
}

/**
 * A duplex that does not access the memory of a write after its callback: the writer may reuse that memory. Other duplexes may
 * still hold it: `Duplex.from({ readable, writable })` calls back before its inner stream has taken the chunk.
 */
export abstract class ReleasingDuplex extends Duplex {}
