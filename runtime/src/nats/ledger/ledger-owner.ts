import { randomBytes } from "node:crypto";
import type { NatsConnection, RequestError, Subscription } from "@nats-io/transport-node";

/** Milliseconds for the answer of an owner. */
const ANSWER_TIMEOUT = 2000;

/**
 * What an owner says of a run: it runs; it does not know it; it is not on the bus; or it does not answer in time, which a process that is stopped or
 * busy does, too.
 */
type RunState = "running" | "unknown" | "absent" | "silent";

/** This server as the owner of calls that run: other servers ask it whether they still do. NATS says at once where it is gone, so no clock is involved. */
export class LedgerOwner {
  readonly id = randomBytes(16).toString("base64url");
  readonly #nats: NatsConnection;
  readonly #prefix: string;
  readonly #runs = new Set<string>();
  readonly #subscription: Subscription;

  /** @param ledger the id of the ledger */
  constructor(nats: NatsConnection, ledger: string) {
    this.#nats = nats;
    this.#prefix = `sshrpc.ledger.${ledger}`;
    this.#subscription = nats.subscribe(`${this.#prefix}.${this.id}`, {
      callback: (error, message) => {
        if (error === null) message.respond(this.#runs.has(message.string()) ? "running" : "unknown");
      },
    });
  }

  /** A run begins. Returns its id. */
  begin(): string {
    const run = randomBytes(16).toString("base64url");
    this.#runs.add(run);
    return run;
  }

  /** The bucket has what the run ended with. */
  end(run: string): void {
    this.#runs.delete(run);
  }

  /** Asks the owner of a run. */
  async ask(owner: string, run: string): Promise<RunState> {
    try {
      const answer = await this.#nats.request(`${this.#prefix}.${owner}`, run, { timeout: ANSWER_TIMEOUT });
      return answer.string() === "running" ? "running" : "unknown";
    } catch (error) {
      return isAbsence(error) ? "absent" : "silent";
    }
  }

  close(): void {
    this.#subscription.unsubscribe();
  }
}

/** NATS answers in place of a subject without subscribers. */
function isAbsence(error: unknown): boolean {
  return error instanceof Error && "isNoResponders" in error && (error as RequestError).isNoResponders();
}
