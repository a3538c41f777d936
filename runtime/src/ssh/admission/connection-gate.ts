import type { Socket } from "node:net";
import { errorMessage } from "../../base/error-message.js";
import type { Observer } from "../../base/observer/observer.js";
import type { Siblings } from "../../base/siblings.js";
import { Admission, type Admitted } from "./admission.js";
import type { GuardConfig } from "./guard-config.js";
import { identificationSize } from "./identification.js";
import { KnownAddresses } from "./known-addresses.js";
import { PendingConnection } from "./pending-connection.js";
import { readProxyHeader } from "./proxy-header.js";
import { ClosedEarlyError, readFirst } from "./read-first.js";
import { RefusalReports } from "./refusal-reports.js";
import { sourceOf } from "./source.js";

/** Where the gate tells what it does. */
interface GateConfig {
  /** The software name in the server's identification string. */
  readonly ident: string;
  readonly observer: Observer;
  /** The other processes of the server. */
  readonly siblings?: Siblings | undefined;
}

/** Milliseconds for a proxy to send its header. */
export const PROXY_HEADER_TIMEOUT = 5000;

/** Time in ms for the peer to close its side after the server has closed its own. */
const FINISH_GRACE = 1000;

/**
 * Accepts TCP connections for the SSH server: reads the PROXY header, admits or refuses the source, ends connections
 * that do not authenticate in time, and hands over those that have sent an SSH identification string. ssh2 sees no
 * other connection.
 */
export class ConnectionGate {
  #config: GuardConfig;
  readonly #identification: Buffer;
  readonly #observer: Observer;
  readonly #refusals: RefusalReports;
  readonly #admission: Admission;
  readonly #known: KnownAddresses;
  readonly #handOver: (pending: PendingConnection) => void;

  /**
   * @param handOver takes the socket, whose identification string is unread
   */
  constructor(
    config: GuardConfig,
    { ident, observer, siblings }: GateConfig,
    handOver: (pending: PendingConnection) => void,
  ) {
    this.#config = config;
    this.#identification = Buffer.from(`SSH-2.0-${ident}\r\n`, "latin1");
    this.#observer = observer;
    this.#refusals = new RefusalReports(observer);
    this.#admission = new Admission(config, siblings);
    this.#known = new KnownAddresses(config.knownAddressTtl);
    this.#handOver = handOver;
  }

  /** Takes other limits, for new connections. */
  limit(config: GuardConfig): void {
    this.#config = config;
    this.#admission.limit(config);
  }

  /** Takes a new connection, and destroys its socket at the end. */
  async receive(socket: Socket): Promise<void> {
    let admitted: Admitted | undefined;
    const pending = new PendingConnection(socket, () => {
      clearTimeout(grace);
      admitted?.authenticated();
    });
    const refuse = (reason: string) => {
      this.reportRefusal(pending.address, reason);
      pending.end(reason);
    };
    const grace = setTimeout(() => {
      pending.determineFailure(() => "graceExceeded");
      refuse(`not authenticated within ${this.#config.loginGrace} ms (loginGrace)`);
    }, this.#config.loginGrace);
    socket.on("error", () => {});
    // ssh2 only half-closes a connection that it rejects, and a client might never close its side.
    socket.once("finish", () => setTimeout(() => socket.destroy(), FINISH_GRACE).unref());
    socket.on("close", () => {
      clearTimeout(grace);
      admitted?.release(pending.failure);
    });
    try {
      await this.#readProxyHeader(pending, refuse);
      const source = sourceOf(pending.ip);
      const now = performance.now();
      const answer = this.#admission.admit(source, now, (reason) => {
        pending.determineFailure(() => undefined);
        refuse(reason);
      });
      if (typeof answer === "string") {
        refuse(answer);
        return;
      }
      admitted = answer;
      const isKnown = this.#known.record(source.address, now);
      const { address } = pending;
      this.#observer.connectionAdmitted?.({ address, isReturning: isKnown });

      // Some clients wait for the server's identification string before they send theirs.
      socket.write(this.#identification);
      await readFirst(socket, (bytes) =>
        identificationSize(bytes) === undefined ? undefined : { value: true, size: 0 },
      );
    } catch (error) {
      if (error instanceof ClosedEarlyError) {
        this.#observer.diagnostic?.({ level: "debug", address: pending.address, message: error.message });
      } else {
        pending.determineFailure(() => "protocolError");
        refuse(errorMessage(error));
      }
      socket.destroy();
      return;
    }
    skipWrite(socket, this.#identification);
    this.#handOver(pending);
  }

  /** Reports that a connection was refused. */
  reportRefusal(address: string | undefined, reason: string): void {
    this.#refusals.add({ address, reason });
  }

  /** Reports the number of refusals that were omitted. */
  close(): void {
    this.#refusals.flush();
  }

  /** Takes the client's address from the header of a trusted proxy. */
  async #readProxyHeader(pending: PendingConnection, refuse: (reason: string) => void): Promise<void> {
    if (!this.#config.isProxy(pending.ip)) return;
    const timeout = PROXY_HEADER_TIMEOUT;
    const timer = setTimeout(() => refuse(`no PROXY protocol header within ${timeout} ms`), timeout);
    try {
      const client = await readFirst(pending.socket, (bytes) => {
        const header = readProxyHeader(bytes);
        return header && { value: header.client, size: header.size };
      });
      if (client !== undefined) pending.setAddress(client.address, client.port);
    } finally {
      clearTimeout(timer);
    }
  }
}

/**
 * Skips the next write if it has these bytes: ssh2 writes its identification string itself, and the client has it already.
 * This allows the gate to read the client's string first: ssh2 rejects one that arrives in more than two pieces.
 */
function skipWrite(socket: Socket, bytes: Buffer): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  let isNext = true;
  socket.write = (...args: unknown[]): boolean => {
    const isSent = isNext && Buffer.isBuffer(args[0]) && args[0].equals(bytes);
    isNext = false;
    return isSent || write(...args);
  };
}
