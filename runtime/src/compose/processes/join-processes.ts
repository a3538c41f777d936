import type { Logger } from "../../base/log.js";
import type { Observer } from "../../base/observer/observer.js";
import type { Peer } from "../../base/peer.js";
import type { Siblings } from "../../base/siblings.js";
import type { Api } from "../../contract/method.js";
import type { ApiServer } from "../../server/api-server.js";
import type { ConnectedClient } from "../../server/call/context.js";
import type { OtherProcesses, OwnClient } from "../../server/call/other-processes.js";
import { type ClientFor, NO_CALLBACKS } from "../../server/connected-clients.js";
import { connectForwarded, type ForwardedCallbacks, type NewServer, serveForwarded } from "./forwarded-callbacks.js";
import { shareAccounts } from "./share-accounts.js";

/** Messages: clients that are connected, or have other scopes; clients that have left; built-in methods. */
const CLIENTS = "clients";
const LEFT = "left";
const OPERATE = "operate";

/** A client of another process. */
type RemoteClient = readonly [id: number, peer: Peer];

interface Operation {
  readonly method: string;
  readonly request: unknown;
  readonly by: Peer;
}

/** A process among the others of its server. */
interface JoinedProcess {
  readonly others: OtherProcesses;
  /** To be combined with the other observers of the server. */
  readonly observer: Observer;
  /** Begins to share what the server knows. @returns the function that ends it */
  share(server: ApiServer): () => void;
}

interface JoinConfig {
  readonly siblings: Siblings;
  readonly api: Api;
  readonly log: Logger;
  /** Creates the server that other processes call. */
  readonly newServer: NewServer;
}

/** Joins the other processes of a server: it knows their clients from now on, and they know its own. */
export async function joinProcesses({ siblings, api, log, newServer }: JoinConfig): Promise<JoinedProcess> {
  const own = new Map<number, OwnClient>();
  const remote = new Map<number, OtherProcess>();
  let last = 0;
  const hasCallbacks = (api.callbacks ?? []).length > 0;
  const stopForwarding = hasCallbacks
    ? await serveForwarded({
        ...{ api, log, newServer, path: siblings.socketPath(siblings.number) },
        clientOf: (id) => own.get(id)?.callbacks(undefined),
      })
    : undefined;
  const processOf = (number: number): OtherProcess => {
    const known = remote.get(number);
    if (known !== undefined) return known;
    const other = new OtherProcess({ hasCallbacks });
    remote.set(number, other);
    if (hasCallbacks) {
      connectForwarded(api, siblings.socketPath(number)).then(
        (callbacks) => other.connected(callbacks),
        // It has ended, and is removed then.
        (error: Error) => log.debug({ err: error, process: number }, "no callbacks of the clients of another process"),
      );
    }
    return other;
  };
  const publish = (clients: readonly (readonly [number, OwnClient])[], to?: number): void => {
    // Copied: the scopes of a peer are those of the moment.
    const all = clients.map(([id, { peer }]): RemoteClient => [id, { ...peer }]);
    if (all.length > 0) siblings.publish(CLIENTS, all, to);
  };
  siblings.subscribe(CLIENTS, (body, from) => {
    for (const [id, peer] of body as readonly RemoteClient[]) processOf(from).clients.set(id, peer);
  });
  siblings.subscribe(LEFT, (body, from) => void remote.get(from)?.clients.delete(body as number));
  siblings.onJoin((process) => publish([...own], process));
  siblings.onLeave((process) => {
    remote.get(process)?.close();
    remote.delete(process);
  });
  return {
    others: {
      clients: (account) => [...remote.values()].flatMap((other) => other.list(account)),
      announce: (ready, client) => {
        last += 1;
        const id = last;
        let isOver = false;
        const announce = (): void => {
          if (isOver) return;
          own.set(id, client);
          publish([[id, client]]);
        };
        ready.then(announce, () => undefined);
        return () => {
          isOver = true;
          if (own.delete(id)) siblings.publish(LEFT, id);
        };
      },
      ask: (method, request, by) => siblings.ask(OPERATE, { method, request, by: { ...by } } satisfies Operation),
    },
    observer: {
      scopesChanged: ({ peer }) => publish([...own].filter(([, served]) => served.peer === peer)),
    },
    share: (server) => {
      const stopSharing = shareAccounts(server.accounts, siblings);
      siblings.answer(OPERATE, (body) => {
        const { method, request, by } = body as Operation;
        return server.operate(method, request, by);
      });
      return () => {
        stopSharing();
        stopForwarding?.();
        for (const other of remote.values()) other.close();
      };
    },
  };
}

/** What is known of another process. */
class OtherProcess {
  readonly clients = new Map<number, Peer>();
  readonly #hasCallbacks: boolean;
  #callbacks: ForwardedCallbacks | undefined;
  #isClosed = false;

  constructor({ hasCallbacks }: { readonly hasCallbacks: boolean }) {
    this.#hasCallbacks = hasCallbacks;
  }

  /** Its callbacks can be called from now on. */
  connected(callbacks: ForwardedCallbacks): void {
    this.#callbacks = callbacks;
    if (this.#isClosed) callbacks.close();
  }

  list(account: Parameters<ClientFor>[0]): readonly ConnectedClient<unknown>[] {
    const callbacks = this.#callbacks;
    // A handler must be able to call each client that it finds.
    if (this.#hasCallbacks && callbacks === undefined) return [];
    return [...this.clients].map(([id, peer]) => {
      return {
        peer,
        get callbacks() {
          return (callbacks?.of(id) ?? NO_CALLBACKS)(account);
        },
      };
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#callbacks?.close();
  }
}
