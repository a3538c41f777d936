import type { Socket } from "node:net";
import { errorMessage } from "../../base/error-message.js";
import { formatHostPort } from "../../base/host-port.js";
import type { Logger } from "../../base/log.js";
import { Admission, type Admitted } from "./admission.js";
import { LeftError, takeFirst } from "./first-bytes.js";
import { greetingSize } from "./greeting.js";
import type { GuardConfig } from "./guard-config.js";
import { KnownAddresses } from "./known-addresses.js";
import { readProxyHeader } from "./proxy-header.js";
import { RateLimitedLog } from "./rate-limited-log.js";
import { sourceOf } from "./source.js";
import type { FailureKind } from "./source-penalties.js";

/** A connection that has come through the front door: an SSH client that has said so. */
export interface PendingConnection {
  readonly socket: Socket;
  /** Who it is, such as `192.0.2.7:50122`: behind a proxy that is trusted, the proxy's client. */
  readonly address: string;
  /** To be called once it has logged in. */
  loggedIn(): void;
  /** Asked when it has gone: what it did wrong, if anything. Whoever takes the visitor may answer. */
  judge: () => FailureKind | undefined;
}

/** Milliseconds for a proxy to send its header: it has it at hand. */
const PROXY_TIME = 5000;

/** Milliseconds that the other side has to close after we have. */
const FINISH_GRACE = 1000;

/**
 * Where TCP connections come in. It learns who they are, refuses those who may not come, sends away those who do not log
 * in, and hands over those who begin to speak SSH. An SSH connection is made for nobody else.
 */
export class ConnectionGate {
  readonly #config: GuardConfig;
  readonly #hello: Buffer;
  readonly #log: Logger;
  readonly #refusals: RateLimitedLog;
  readonly #admission: Admission;
  readonly #known: KnownAddresses;
  readonly #handOver: (visitor: PendingConnection) => void;

  /** @param ident what the server calls its software; @param handOver takes the socket, whose greeting is unread */
  constructor(config: GuardConfig, ident: string, log: Logger, handOver: (visitor: PendingConnection) => void) {
    this.#config = config;
    this.#hello = Buffer.from(`SSH-2.0-${ident}\r\n`, "latin1");
    this.#log = log;
    this.#refusals = new RateLimitedLog(log);
    this.#admission = new Admission(config);
    this.#known = new KnownAddresses(config.knownAddressTtl);
    this.#handOver = handOver;
  }

  /** Takes a new connection. Its socket is destroyed in the end, whatever happens. */
  async receive(socket: Socket): Promise<void> {
    const visit = new Visit(socket);
    let admitted: Admitted | undefined;
    const refuse = (reason: string) => {
      this.refused(visit.address, reason);
      socket.destroy();
    };
    const grace = setTimeout(() => {
      visit.judge = () => "graceExceeded";
      refuse(`not logged in within ${this.#config.loginGrace} ms (loginGrace)`);
    }, this.#config.loginGrace);
    visit.loggedIn = () => {
      clearTimeout(grace);
      admitted?.loggedIn();
    };
    socket.on("error", () => {});
    // ssh2 only ends a connection that it gives up, and a client might never end its side.
    socket.once("finish", () => setTimeout(() => socket.destroy(), FINISH_GRACE).unref());
    socket.once("close", () => {
      clearTimeout(grace);
      admitted?.leave(visit.judge());
    });
    try {
      await this.#identify(socket, visit, refuse);
      const source = sourceOf(visit.ip);
      const now = performance.now();
      const answer = this.#admission.enter(source, now, (reason) => {
        visit.judge = () => undefined;
        refuse(reason);
      });
      if (typeof answer === "string") {
        refuse(answer);
        return;
      }
      admitted = answer;
      const isKnown = this.#known.see(source.address, now);
      const { address } = visit;
      this.#log.info({ address }, `connection from a ${isKnown ? "returning" : "new"} address`);

      // Some clients wait for our greeting before they send theirs.
      socket.write(this.#hello);
      await takeFirst(socket, (bytes) => (greetingSize(bytes) === undefined ? undefined : { value: true, size: 0 }));
    } catch (error) {
      if (error instanceof LeftError) this.#log.debug({ address: visit.address }, error.message);
      else {
        visit.judge = () => "protocolError";
        refuse(errorMessage(error));
      }
      socket.destroy();
      return;
    }
    skipWrite(socket, this.#hello);
    this.#handOver(visit);
  }

  /** Notes that a connection was refused without having been let in here. */
  refused(address: string | undefined, reason: string): void {
    this.#refusals.warn({ address, reason }, "connection refused");
  }

  /** Writes what is left to be logged. */
  close(): void {
    this.#refusals.flush();
  }

  /** Where the connection comes from through a proxy, as that says. */
  async #identify(socket: Socket, visit: Visit, refuse: (reason: string) => void): Promise<void> {
    if (!this.#config.isProxy(visit.ip)) return;
    const timer = setTimeout(() => refuse(`no PROXY protocol header came within ${PROXY_TIME} ms`), PROXY_TIME);
    try {
      const client = await takeFirst(socket, (bytes) => {
        const header = readProxyHeader(bytes);
        return header && { value: header.client, size: header.size };
      });
      if (client !== undefined) visit.setAddress(client.address, client.port);
    } finally {
      clearTimeout(timer);
    }
  }
}

class Visit implements PendingConnection {
  readonly socket: Socket;
  ip = "";
  address = "";
  loggedIn: () => void = () => {};
  judge: () => FailureKind | undefined = () => "noAuth";

  constructor(socket: Socket) {
    this.socket = socket;
    this.setAddress(socket.remoteAddress ?? "", socket.remotePort ?? 0);
  }

  setAddress(ip: string, port: number): void {
    this.ip = sourceOf(ip).address;
    this.address = formatHostPort(this.ip, port);
  }
}

/**
 * Leaves out the next write where it is this one: ssh2 says hello by itself, which the client has heard by then. Only so
 * can the client's own greeting be gathered first; ssh2 takes none that comes in more than two pieces.
 */
function skipWrite(socket: Socket, bytes: Buffer): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  let isNext = true;
  socket.write = (...args: unknown[]): boolean => {
    const isSaid = isNext && Buffer.isBuffer(args[0]) && args[0].equals(bytes);
    isNext = false;
    return isSaid || write(...args);
  };
}
