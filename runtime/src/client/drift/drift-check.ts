import type { ContractDrift, ContractVersion } from "../../base/observer/contract-drift.js";
import { HASHES, type MethodHashes } from "../../contract/built-in/built-in-api.js";
import type { DriftPolicy } from "../../contract/drift-policy.js";
import type { Api, Method } from "../../contract/method.js";
import { methodHashes } from "../../contract/method-hash.js";
import type { RpcError } from "../../contract/rpc-error.js";
import type { Connection } from "../../wire/connection.js";
import type { Limits } from "../../wire/limits.js";
import { bindMethods } from "../call/bind-methods.js";
import { OneConnection } from "../connection/one-connection.js";
import { incomparable, refusedMethod, withVersions } from "./drift-errors.js";

/** Milliseconds for the answer of the other side: calls wait for it where the policy is to refuse them. */
const COMPARE_TIMEOUT = 10_000;

/** Retries of the comparison: a limit may be reached for a moment. */
const COMPARE_RETRIES = 3;

/** What is known of a connection whose contracts differ. */
export type Drift = Pick<ContractDrift, "local" | "remote" | "compared" | "different" | "missing" | "hidden">;

/** What calls ask. */
interface KnownDrift {
  readonly compared: boolean;
  /** The indexes of the methods that differ. */
  readonly different: ReadonlySet<number>;
}

/** What a check needs. */
interface DriftConfig {
  readonly api: Api;
  /** The part of the contract that this side calls. */
  readonly calls: "resources" | "callbacks";
  /** The index of {@link HASHES} in the HELLO of this side. */
  readonly index: number;
  readonly policy: DriftPolicy;
  readonly limits: Limits;
}

/** Compares the contract of this side with that of the other side of each connection. */
export class DriftCheck {
  readonly #config: DriftConfig;
  readonly #methods: readonly Method[];
  readonly #compared = new WeakMap<Connection, Promise<Drift | undefined>>();
  readonly #known = new WeakMap<Connection, KnownDrift>();
  #hashes: Promise<ReadonlyMap<string, string>> | undefined;
  /** Throws the reason why a call of the method at an index must not be sent; undefined where the policy permits all calls. */
  readonly refuse: ((connection: Connection, method: number) => void) | undefined;

  constructor(config: DriftConfig) {
    this.#config = config;
    this.#methods = (config.calls === "resources" ? config.api.methods : config.api.callbacks) ?? [];
    this.refuse = config.policy === "refuse" ? (...call) => this.#refuse(...call) : undefined;
  }

  /**
   * Compares the methods of this side with those of the other one, once for each connection, when its HELLO has arrived. It never
   * rejects.
   * @returns undefined where the contracts are equal
   */
  compare(connection: Connection): Promise<Drift | undefined> {
    const known = this.#compared.get(connection) ?? this.#compare(connection);
    this.#compared.set(connection, known);
    return known;
  }

  async #compare(connection: Connection): Promise<Drift | undefined> {
    const { api, policy } = this.#config;
    // A connection without HELLO has no contract.
    await connection.ready.catch(() => undefined);
    const remote = otherContract(api, connection);
    if (remote === undefined || policy === "ignore") return undefined;
    const local: ContractVersion = { name: api.name, version: api.version, hash: api.hash };
    const differences = await this.#differences(connection).catch(() => undefined);
    const none = { different: [], missing: [], hidden: [] };
    const drift = { local, remote, compared: differences !== undefined, ...(differences ?? none) };
    const ids = new Set(drift.different);
    const different = new Set(this.#methods.flatMap(({ id }, index) => (ids.has(id) ? [index] : [])));
    this.#known.set(connection, { compared: drift.compared, different });
    return drift;
  }

  /** An error as its caller gets it: a message that does not match the schema is explained by the two versions. */
  explain(error: RpcError, connection: Connection | undefined): RpcError {
    const { api, calls } = this.#config;
    const remote = connection && otherContract(api, connection);
    return remote === undefined ? error : withVersions(error, { local: api, remote, isServer: calls === "callbacks" });
  }

  #refuse(connection: Connection, method: number): void {
    const { api } = this.#config;
    const remote = otherContract(api, connection);
    const known = this.#known.get(connection);
    if (remote === undefined || (known?.compared && !known.different.has(method))) return;
    const versions = { local: api, remote };
    throw known?.compared ? refusedMethod(versions) : incomparable(versions);
  }

  /** @throws RpcError where the other side, or this one, cannot compare */
  async #differences(connection: Connection): Promise<Pick<Drift, "different" | "missing" | "hidden"> | undefined> {
    if (this.#methods.length === 0) return undefined;
    if (connection.remote?.builtIn?.includes(HASHES.id) !== true) return undefined;
    const own = await this.#ownHashes();
    const { limits, index: firstIndex } = this.#config;
    const connections = new OneConnection(connection, COMPARE_RETRIES);
    const bound = bindMethods([HASHES], { connections, firstIndex, limits, timeout: COMPARE_TIMEOUT });
    const get = bound["methods"]?.["get"] as unknown as (request: object) => Promise<MethodHashes>;
    const ids = this.#methods.map(({ id }) => id);
    const { methods, hidden } = await get({ methods: ids });
    const isHidden = new Set(hidden);
    const theirs = new Map(Object.entries(methods));
    return {
      different: ids.filter((id) => theirs.has(id) && theirs.get(id) !== own.get(id)),
      missing: ids.filter((id) => !theirs.has(id) && !isHidden.has(id)),
      hidden: ids.filter((id) => isHidden.has(id)),
    };
  }

  /** Computed for the first connection with another contract. A failure is not kept. */
  #ownHashes(): Promise<ReadonlyMap<string, string>> {
    const { api, calls } = this.#config;
    const load = async (): Promise<ReadonlyMap<string, string>> => {
      const contract = await api.contract?.();
      if (contract === undefined) throw new Error("no contract");
      return methodHashes(contract, contract[calls]);
    };
    this.#hashes ??= load().catch((error) => {
      this.#hashes = undefined;
      throw error;
    });
    return this.#hashes;
  }
}

/** The contract of the other side, if it is another one; a side without a contract has none. */
function otherContract({ hash }: Api, { remote }: Connection): ContractVersion | undefined {
  const api = remote?.api;
  return api === undefined || hash === "" || api.hash === hash ? undefined : api;
}
