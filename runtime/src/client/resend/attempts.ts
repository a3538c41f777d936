import { IDEMPOTENCY_KEY, RESUME_UPLOAD, takesIdempotencyKey } from "../../contract/idempotency.js";
import type { Method } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { Connection } from "../../wire/connection.js";
import { type Pair, RESUME_AFTER, withPairs } from "../../wire/metadata.js";
import type { ConnectionSource } from "../connection/connection-source.js";
import { CallKey, type IdempotencyKeys } from "./call-key.js";
import { decideResend, type FailedAttempt } from "./decide-resend.js";
import type { StreamPosition } from "./stream-position.js";
import type { Upload } from "./upload.js";

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
  /** Absent where the request stream cannot be sent from an offset. */
  readonly upload?: Upload | undefined;
}

/** An attempt that lasted so many ms is progress of a stream, also one without items. */
const STEADY = 10_000;

/** What a call knows of an attempt that failed; the rest of {@link FailedAttempt} is known here. */
interface Failure extends Pick<FailedAttempt, "outcome" | "open" | "retryAfter" | "remaining"> {
  /** Whether the call has a request stream, which has begun unless its OPEN was not written. */
  readonly hasStream: boolean;
}

/** The attempts of one call: on which connections it may be sent, with which headers, and whether once more. */
export class Attempts {
  readonly #config: AttemptsConfig;
  readonly #key: CallKey | undefined;
  readonly #position: StreamPosition | undefined;
  readonly #upload: Upload | undefined;
  #sentAt = 0;
  #retries = 0;
  #mayHaveRun = false;
  /** What the streams had achieved when the last attempt failed. */
  #progress = 0;
  #failure: RpcError | undefined;

  constructor(config: AttemptsConfig, { key, position, upload }: AttemptParts = {}) {
    this.#config = config;
    this.#key = key;
    this.#position = position;
    this.#upload = upload;
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
    const pairs: Pair[] = position === undefined ? [] : [[RESUME_AFTER, position]];
    if (this.#upload !== undefined) pairs.push(...this.#beginUpload(this.#upload));
    return pairs.length === 0 ? keyed : withPairs(keyed, pairs, maxMetadata);
  }

  /** Where the server may have a part of the stream, it tells the offset first. */
  #beginUpload(upload: Upload): Pair[] {
    const asks = this.#key?.isSent === true && (this.#mayHaveRun || this.#key.isGiven);
    const attempt = asks ? "again" : "first";
    upload.begin(attempt);
    return this.#key?.isSent ? [[RESUME_UPLOAD, attempt]] : [];
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
    const { hasStream, ...facts } = failure;
    const { outcome } = facts;
    const mayHaveRun = outcome === "lost" || outcome === "unavailable";
    if (mayHaveRun) {
      this.#mayHaveRun = true;
      this.#failure = error;
      this.#key?.mayHaveRun();
    }
    if (this.#position !== undefined || this.#upload !== undefined) this.#countProgress();
    const begun = this.#upload === undefined ? "spent" : "readable from an offset";
    const next = decideResend(
      {
        ...facts,
        request: hasStream && outcome !== "unsent" ? begun : "whole",
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
  #countProgress(): void {
    const progress = (this.#position?.items ?? 0) + (this.#upload?.offset ?? 0);
    if (progress > this.#progress || performance.now() - this.#sentAt > STEADY) this.#retries = 0;
    this.#progress = progress;
  }
}

/** The attempts of a call that depends on the server that it is sent to; undefined where any server will do. */
export function attemptsOf(
  config: AttemptsConfig & { readonly keys: IdempotencyKeys | undefined },
  { idempotencyKey, metadata }: CallHeaders = {},
  { position, upload }: Pick<AttemptParts, "position" | "upload"> = {},
): Attempts | undefined {
  const { keys, method } = config;
  // A call whose request stream cannot be read again is never repeated: with a key, its handler would go on for no caller.
  const isRepeatable = method.requestItem === undefined || upload !== undefined;
  const isKeyed = idempotencyKey !== undefined || (isRepeatable && takesIdempotencyKey(method) && !hasKey(metadata));
  const key = keys !== undefined && isKeyed ? new CallKey(keys, idempotencyKey) : undefined;
  const isPlain = key === undefined && position === undefined && upload === undefined;
  return isPlain ? undefined : new Attempts(config, { key, position, upload });
}

/** Whether the caller has set the header itself: then the client knows nothing of its key. */
function hasKey(metadata: CallHeaders["metadata"] = {}): boolean {
  return Object.keys(metadata).some((name) => name.toLowerCase() === IDEMPOTENCY_KEY);
}
