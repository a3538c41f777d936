import type { Duplex } from "node:stream";
import ssh2, {
  type AnyAuthMethod,
  type BaseAgent,
  type IdentityCallback,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from "ssh2";
import { fingerprint } from "../keys/fingerprint.js";
import type { Identity } from "../keys/identity.js";
import { printable } from "../printable.js";

/** What a client has to log in with. */
export interface KeyOfferOptions {
  readonly user: string;
  readonly identities: readonly Identity[];
  /** The socket of an agent, whose keys come first; absent for none. */
  readonly agent?: string;
  /** Keys that exist and cannot be used, each with the reason. */
  readonly problems: readonly string[];
}

/**
 * Offers keys to a server one by one, a key never twice, and keeps the account of it for the message that follows when
 * none is accepted. It begins with a key at once: asking for the methods first costs a round trip.
 */
export class KeyOffers {
  readonly #tried = new Map<string, string>();
  readonly #notes: string[];
  readonly #queue: (() => AnyAuthMethod | undefined)[];
  #exhausted = false;
  #agent: ListedAgent | undefined;

  constructor(options: KeyOfferOptions) {
    this.#notes = [...options.problems];
    const { agent, identities, user } = options;
    this.#queue = identities.map((identity) => () => this.#offer(identity, user));
    if (agent !== undefined) this.#queue.unshift(() => ({ type: "agent", username: user, agent: this.#listen(agent) }));
  }

  /** Whether nothing is left to offer. */
  get exhausted(): boolean {
    return this.#exhausted;
  }

  /** Whether a key was offered. */
  get offered(): boolean {
    return this.#tried.size > 0;
  }

  /** What to do next, given the methods that the server still accepts; false for giving up. */
  next(methods: readonly string[] | null): AnyAuthMethod | false {
    if (methods !== null && !methods.includes("publickey")) {
      this.#notes.push(`the server accepts no keys, only ${printable(methods.join(", ")) || "nothing"}`);
      this.#queue.length = 0;
    }
    for (let offer = this.#queue.shift(); offer !== undefined; offer = this.#queue.shift()) {
      const method = offer();
      if (method !== undefined) return method;
    }
    this.#exhausted = true;
    return false;
  }

  /** Keeps what went wrong with one key, where the next can still be tried. */
  note(problem: string): void {
    this.#notes.push(printable(problem));
  }

  /** The keys that were tried, such as `SHA256:… (/home/alice/.ssh/id_ed25519)`. */
  get tried(): string {
    return [...this.#tried].map(([print, source]) => `${print} (${source})`).join(", ");
  }

  /** What else there is to know, in brackets; empty where there is nothing. */
  get remarks(): string {
    return this.#notes.length === 0 ? "" : ` (${this.#notes.join("; ")})`;
  }

  /** Lets go of the agent. */
  close(): void {
    this.#agent?.destroy();
  }

  #offer({ key, source }: Identity, username: string): AnyAuthMethod | undefined {
    if (!this.#claim(key, source)) return undefined;
    return { type: "publickey", username, key };
  }

  /** Whether the key is new; servers count the tries. */
  #claim(key: ParsedKey, source: string): boolean {
    const print = fingerprint(key.getPublicSSH());
    if (this.#tried.has(print)) return false;
    this.#tried.set(print, source);
    return true;
  }

  #listen(socket: string): BaseAgent {
    this.#agent = new ListedAgent(socket, (error, keys) => {
      if (error) this.note(`the agent at ${socket} does not answer: ${error.message}`);
      return keys.filter((key) => this.#claim(key, printable(`agent${key.comment ? `, ${key.comment}` : ""}`)));
    });
    return this.#agent;
  }
}

/** The keys of an agent that are left over by `listed`, and the streams to it, which it may never answer on. */
class ListedAgent extends ssh2.BaseAgent<ParsedKey> {
  readonly #agent: BaseAgent<ParsedKey>;
  readonly #listed: Listed;
  readonly #streams = new Set<Duplex>();

  constructor(socket: string, listed: Listed) {
    super();
    const agent = ssh2.createAgent(socket) as BaseAgent<ParsedKey>;
    const getStream = agent.getStream?.bind(agent);
    agent.getStream = (done) =>
      getStream?.((error, stream) => {
        if (stream) this.#streams.add(stream.once("close", () => this.#streams.delete(stream)));
        done(error, stream);
      });
    this.#agent = agent;
    this.#listed = listed;
  }

  getIdentities(done: IdentityCallback<ParsedKey>): void {
    this.#agent.getIdentities((error, keys) => {
      const offered = this.#listed(error ?? undefined, (keys ?? []) as ParsedKey[]);
      if (error) done(error);
      else done(undefined, offered);
    });
  }

  sign(key: ParsedKey, data: Buffer, options: SigningRequestOptions | SignCallback, done?: SignCallback): void {
    if (typeof options === "function") this.#agent.sign(key, data, options);
    else this.#agent.sign(key, data, options, done);
  }

  destroy(): void {
    for (const stream of this.#streams) stream.destroy();
  }
}

type Listed = (error: Error | undefined, keys: readonly ParsedKey[]) => ParsedKey[];
