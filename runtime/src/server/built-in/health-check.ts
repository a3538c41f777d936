import { withTimeout } from "../../base/async/with-timeout.js";
import { checkNumber, MAX_TIMEOUT } from "../../base/check-number.js";
import type { Logger } from "../../base/log.js";
import type { ListedKeys } from "../../base/observer/observer.js";
import { printable } from "../../base/printable.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { OtherProcesses } from "../call/other-processes.js";

/** See `health` of the options of a server. */
export type HealthFunction = (signal: AbortSignal) => HealthAnswer | Promise<HealthAnswer>;

/** Ready, unless it is false or a text, which is the reason. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is ready unless it throws.
type HealthAnswer = boolean | string | void;

/** The options of a server that concern its operators. */
export interface OperatedOptions {
  readonly health?: HealthFunction;
  readonly healthTimeout?: number;
  readonly log: Logger;
  /** The other processes of the server. Default: none. */
  readonly others?: OtherProcesses | undefined;
  /** The authorized keys, where they are known. */
  readonly listedKeys?: () => ListedKeys | undefined;
  /** Why every call is refused, as while the audit log cannot be written. */
  readonly refusal?: (() => RpcError | undefined) | undefined;
}

interface HealthCheckConfig {
  readonly check: HealthFunction | undefined;
  /** In milliseconds. */
  readonly timeout: number;
  readonly log: Logger;
  readonly refusal: OperatedOptions["refusal"];
}

/** See `healthTimeout`; in milliseconds. */
export const HEALTH_TIMEOUT = 2000;

/** The check that the options of a server configure. @throws OptionError for an invalid timeout */
export function healthCheckOf(options: OperatedOptions): HealthCheck {
  const { health: check, healthTimeout = HEALTH_TIMEOUT, log, refusal } = options;
  return new HealthCheck({ check, timeout: checkNumber("healthTimeout", healthTimeout, 1, MAX_TIMEOUT), log, refusal });
}

/** The longest reason, in characters. */
const MAX_REASON = 200;

/** Asks the program whether it is ready: one check at a time, which all callers of that time share. */
export class HealthCheck {
  readonly #config: HealthCheckConfig;
  #running: Promise<string | undefined> | undefined;
  /** A check that has timed out and still runs: another one would only join it. */
  #isStuck = false;
  #reason: string | undefined;

  constructor(config: HealthCheckConfig) {
    this.#config = config;
  }

  /** Why it is not ready; undefined if it is. It never rejects, and resolves within the timeout. */
  reason(): Promise<string | undefined> {
    const { check, refusal } = this.#config;
    const refused = refusal?.();
    if (refused !== undefined) return Promise.resolve(refused.message);
    if (check === undefined) return Promise.resolve(undefined);
    if (this.#isStuck) return Promise.resolve(this.#late);
    this.#running ??= this.#run(check).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(check: HealthFunction): Promise<string | undefined> {
    const { timeout } = this.#config;
    const controller = new AbortController();
    let isDone = false;
    const answer = (async () => check(controller.signal))();
    const done = (): void => {
      isDone = true;
      this.#isStuck = false;
    };
    answer.then(done, done);
    try {
      const result = await withTimeout(answer, timeout, { message: this.#late });
      if (typeof result === "string") return this.#changed(printable(result, MAX_REASON));
      return this.#changed(result === false ? "the check of this server says so" : undefined);
    } catch (error) {
      this.#isStuck = !isDone;
      controller.abort(error);
      if (this.#isStuck) return this.#changed(this.#late);
      // Other messages are for the log alone, as those of handlers.
      const isForPeers = error instanceof RpcError;
      const text = isForPeers
        ? printable(error.message, MAX_REASON)
        : "the check failed; the server's log has the error";
      return this.#changed(text, error);
    }
  }

  get #late(): string {
    return `the check did not finish within ${this.#config.timeout} ms`;
  }

  /** The log has changes alone, however often monitors ask. */
  #changed(reason: string | undefined, error?: unknown): string | undefined {
    const { log } = this.#config;
    if (reason !== this.#reason) {
      const failure = error === undefined ? {} : { err: error };
      if (reason === undefined) log.info({}, "health check: ready");
      else log.warn({ reason, ...failure }, "health check: not ready");
    }
    this.#reason = reason;
    return reason;
  }
}
