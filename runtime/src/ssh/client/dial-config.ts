import type { AlgorithmOptions } from "../algorithm-options.js";
import type { Carrier } from "../ssh2/channels/carrier.js";
import type { KeepaliveConfig } from "../ssh2/packets/keepalive.js";
import type { LoginConfig } from "./auth/login-config.js";
import type { DialerConfig } from "./dialer.js";
import type { PausableTimer } from "./pausable-timer.js";
import type { HostVerifier } from "./trust/host-verifier.js";

/** The resolved configuration of one connection attempt. Durations are in milliseconds. */
export interface DialConfig extends DialerConfig {
  /** The stream that the connection runs on, and closes; absent for a new TCP connection. */
  readonly carrier?: Carrier | undefined;
  readonly login: Omit<LoginConfig, "onGiveUp">;
  readonly verifier: HostVerifier;
  readonly algorithms: AlgorithmOptions | undefined;
  /** Limits the time until the channel is open, jump hosts included. */
  readonly timer: PausableTimer;
  readonly keepalive: Omit<KeepaliveConfig, "lost">;
  readonly debug?: ((line: string) => void) | undefined;
  readonly signal: AbortSignal | undefined;
  /** Aborted when the attempt ends, successfully or not: pending requests to the agent end then. */
  readonly ended: AbortController;
}
