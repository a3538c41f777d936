import { IDEMPOTENCY_KEY, takesIdempotencyKey } from "../../contract/idempotency.js";
import type { Method } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { Connection } from "../../wire/connection.js";
import { RESUME_AFTER, withPairs } from "../../wire/metadata.js";
import type { ConnectionSource } from "../connection/connection-source.js";
import { CallKey, type IdempotencyKeys } from "./call-key.js";
import { decideResend, type FailedAttempt } from "./decide-resend.js";
import type { StreamPosition } from "./stream-position.js";

/** What the attempts of a call depend on. */
interface AttemptsConfig {
  readonly method: Method;
  readonly connections: ConnectionSource;
  /** Bytes of all headers of the call. */
  readonly maxMetadata: number;
}

/** The options of a call that become headers. */
interface CallHeaders {
  readonly idempotencyKey?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** What a call has that depends on the server that it is sent to. */
interface AttemptParts {
  readonly key?: CallKey | undefined;
  /** Absent where the call has no response stream. */
  readonly position?: StreamPosition | undefined;
}

/** An attempt that lasted so many ms is progress of a stream, also one without items. */
const STEADY = 10_000;

/** What a call knows of an attempt that failed; the rest of {@link FailedAttempt} is known here. */
type Failure = Pick<FailedAttempt, "outcome" | "request" | "open" | "retryAfter" | "remaining">;

/** The attempts of one call: on which connections it may be sent, with which headers, and whether once more. */
export class Attempts {
  readonly #config: AttemptsConfig;
  readonly #key: CallKey | undefined;
  readonly #position: StreamPosition | undefined;
  #sentAt = 0;
  #retries = 0;
  #mayHaveRun = false;
  /** The items that the consumer had taken when the last attempt failed. */
  #items = 0;
  #failure: RpcError | undefined;

  constructor(config: AttemptsConfig, { key, position }: AttemptParts = {}) {
    this.#config = config;
    this.#key = key;
    this.#position = position;
  }

  /** Number of retries since the call made progress. */
  get retries(): number {
    return this.#retries;
  }

  /** Whether the call may be sent on a connection. */
  fit({ remote }: Connection): boolean {
    if (this.#position?.position !== undefined && remote?.positions !== true) return false;
    return this.#key === undefined || this.#key.fits(remote?.ledger);
  }

  /**
   * Begins an attempt, and returns its encoded headers.
   * @param metadata the encoded headers of every attempt
   * @throws RpcError if the call does not {@link fit} the connection; MESSAGE_TOO_LARGE
   */
  begin(metadata: string | undefined, connection: Connection): string | undefined {
    if (!this.fit(connection)) throw this.#misfit();
    const { maxMetadata } = this.#config;
    this.#sentAt = performance.now();
    const { remote } = connection;
    const keyed = this.#key === undefined ? metadata : this.#key.headers(metadata, remote?.ledger, maxMetadata);
    const position = this.#position?.position;
    return position === undefined ? keyed : withPairs(keyed, [[RESUME_AFTER, position]], maxMetadata);
  }

  #misfit(): RpcError {
    if (this.#failure !== undefined) return this.#failure;
    const message =
      this.#position?.position === undefined
        ? "the server has no ledger of idempotency keys (its option `ledger`): it could run the call twice"
        : "the server cannot resume streams: it would send the items once more";
    return new RpcError("UNIMPLEMENTED", message);
  }

  /** An attempt has failed. Returns the delay in ms of the next one; undefined where the call ends with the error. */
  failed(error: RpcError, failure: Failure): number | undefined {
    const { method, connections } = this.#config;
    const { outcome } = failure;
    const mayHaveRun = outcome === "lost" || outcome === "unavailable";
    if (mayHaveRun) {
      this.#mayHaveRun = true;
      this.#failure = error;
    }
    this.#key?.failed(mayHaveRun);
    if (this.#position !== undefined) this.#countProgress(this.#position);
    const next = decideResend(
      {
        ...failure,
        idempotent: method.idempotent,
        mayHaveRun: this.#mayHaveRun,
        ledgerTime: this.#key?.timeLeft,
        taken: this.#position?.taken ?? "nothing",
        retries: this.#retries,
      },
      connections,
    );
    if (next !== undefined && outcome !== "unsent") this.#retries += 1;
    return next?.delay;
  }

  /** The call has ended. */
  ended(): void {
    this.#key?.settle();
  }

  /** A consumer of days survives any number of lost connections. */
  #countProgress({ items }: StreamPosition): void {
    if (items > this.#items || performance.now() - this.#sentAt > STEADY) this.#retries = 0;
    this.#items = items;
  }
}

/** The attempts of a call that depends on the server that it is sent to; undefined where any server will do. */
export function attemptsOf(
  config: AttemptsConfig & { readonly keys: IdempotencyKeys | undefined },
  { idempotencyKey, metadata }: CallHeaders = {},
  position: StreamPosition | undefined,
): Attempts | undefined {
  const { keys, method } = config;
  const isKeyed = idempotencyKey !== undefined || (takesIdempotencyKey(method) && !hasKey(metadata));
  const key = keys !== undefined && isKeyed ? new CallKey(keys, idempotencyKey) : undefined;
  return key === undefined && position === undefined ? undefined : new Attempts(config, { key, position });
}

/** Whether the caller has set the header itself: then the client knows nothing of its key. */
function hasKey(metadata: CallHeaders["metadata"] = {}): boolean {
  return Object.keys(metadata).some((name) => name.toLowerCase() === IDEMPOTENCY_KEY);
}
