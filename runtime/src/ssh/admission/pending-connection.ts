import type { Socket } from "node:net";
import { formatHostPort } from "../../base/net/host-port.js";
import { canonicalIp } from "./source.js";
import type { FailureKind } from "./source-penalties.js";

/** A connection that has not authenticated. */
export class PendingConnection {
  readonly socket: Socket;
  readonly #onAuthenticated: () => void;
  #ip = "";
  #address = "";
  #end: ((reason: string) => void) | undefined;
  #failure: () => FailureKind | undefined = () => "noAuth";

  constructor(socket: Socket, onAuthenticated: () => void) {
    this.socket = socket;
    this.#onAuthenticated = onAuthenticated;
    this.setAddress(socket.remoteAddress ?? "", socket.remotePort ?? 0);
  }

  /** The IP address of the client, without a zone. */
  get ip(): string {
    return this.#ip;
  }

  /** The address of the client, such as `192.0.2.7:50122`; behind a trusted proxy, that of the proxy's client. */
  get address(): string {
    return this.#address;
  }

  /** What the client did wrong, once the connection has closed. */
  get failure(): FailureKind | undefined {
    return this.#failure();
  }

  /** Sets the address of the client. */
  setAddress(ip: string, port: number): void {
    this.#ip = canonicalIp(ip);
    this.#address = formatHostPort(this.#ip, port);
  }

  /** Sets what determines the failure when the connection closes; until then, it is `noAuth`. */
  determineFailure(failure: () => FailureKind | undefined): void {
    this.#failure = failure;
  }

  /** Sets what ends the connection with a reason for the client; until then, its socket is destroyed. */
  endWith(end: (reason: string) => void): void {
    this.#end = end;
  }

  /** Ends the connection. */
  end(reason: string): void {
    if (this.#end === undefined) this.socket.destroy();
    else this.#end(reason);
  }

  /** To be called once the client has authenticated. */
  authenticated(): void {
    this.#onAuthenticated();
  }
}
