import { identityOf } from "../base/accounts/identity.js";
import type { ContractDrift, ContractVersion } from "../base/observer/contract-drift.js";
import { FirstTimes } from "../base/observer/first-times.js";
import type { Observer } from "../base/observer/observer.js";
import type { Peer } from "../base/peer.js";
import type { DriftPolicy } from "../contract/drift-policy.js";
import type { Api } from "../contract/method.js";
import type { Connection } from "../wire/connection.js";
import type { Limits } from "../wire/limits.js";
import type { ClientFor } from "./connected-clients.js";

/** A connection, and the peer at its other end. */
interface ConnectedPeer {
  readonly connection: Connection;
  readonly peer: Peer;
}

/** The clients of the callbacks that connected sides serve. */
export interface CallbackClients {
  /** Returns the clients of one connection, or those of the callers of adapters, without a connection. */
  client(served: ConnectedPeer | undefined, limits: Limits): ClientFor;
  /** Compares the callbacks with those that the other side serves. It never rejects. @returns undefined where they are not compared */
  compare(connection: Connection): Promise<ComparedCallbacks | undefined>;
}

type ComparedCallbacks = Pick<ContractDrift, "compared" | "different" | "missing" | "hidden">;

/** Keys and contracts that are remembered. */
const MAX_REMEMBERED = 1000;

interface DriftReports {
  readonly api: Api;
  readonly policy: DriftPolicy;
  readonly observer: Observer;
  readonly callbacks: CallbackClients | undefined;
}

/** Reports clients that were built with another contract, once for each key and contract. */
export function reportDrift({
  api,
  policy,
  observer,
  callbacks,
}: DriftReports): (connection: Connection, peer: Peer) => void {
  if (policy === "ignore") return () => undefined;
  const { name, version, hash } = api;
  const local: ContractVersion = { name, version, hash };
  const reported = new FirstTimes(MAX_REMEMBERED);
  const report = async (connection: Connection, peer: Peer): Promise<void> => {
    const { api: remote } = await connection.ready;
    if (remote === undefined || remote.hash === hash) return;
    const compared = (await callbacks?.compare(connection)) ?? NOT_COMPARED;
    if (observer.contractDrift === undefined || !reported.isFirst(JSON.stringify([identityOf(peer), remote.hash])))
      return;
    const { connectionId, address } = peer;
    observer.contractDrift({ connectionId, address, peer, local, remote, ...compared });
  };
  // A connection without HELLO has no contract.
  return (connection, peer) => void report(connection, peer).catch(() => undefined);
}

const NOT_COMPARED: ComparedCallbacks = { compared: false, different: [], missing: [], hidden: [] };
