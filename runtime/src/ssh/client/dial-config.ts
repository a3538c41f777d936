import type { Carrier } from "../ssh2/channels/carrier.js";
import type { Login } from "./auth/login.js";
import type { Countdown } from "./countdown.js";
import type { HostVerifier } from "./trust/host-verifier.js";

/** What one attempt to connect needs, all read and checked. Times are in milliseconds. */
export interface DialConfig {
  /** What it runs on, and ends with it; absent for a TCP connection of its own. */
  readonly carrier?: Carrier | undefined;
  readonly login: Login;
  readonly verifier: HostVerifier;
  /** Of the whole way to the channel. */
  readonly countdown: Countdown;
  readonly keepaliveInterval: number;
  readonly keepaliveCountMax: number;
  readonly debug?: ((line: string) => void) | undefined;
  readonly signal: AbortSignal | undefined;
  /** Aborted here once the attempt has ended, well or not: nobody needs to be asked any more. */
  readonly ended: AbortController;
}
