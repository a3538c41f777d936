import { type Logger, SILENT } from "../base/log.js";
import { combineObservers } from "../base/observer/combine-observers.js";
import { bindMethods } from "../client/call/bind-methods.js";
import { CallCharge } from "../client/call/call-charge.js";
import { Backoff } from "../client/connection/backoff.js";
import type { ConnectionSource } from "../client/connection/connection-source.js";
import { OneConnection } from "../client/connection/one-connection.js";
import type { ServeCallbacks } from "../client/connector.js";
import { ComparedConnection } from "../client/drift/compared-connection.js";
import { DriftCheck } from "../client/drift/drift-check.js";
import { callbackReports } from "../client/report-client.js";
import { checkDriftPolicy } from "../contract/drift-policy.js";
import type { Api } from "../contract/method.js";
import { RpcError } from "../contract/rpc-error.js";
import { bindHandlers } from "../server/api-handlers.js";
import type { ApiServerOptions } from "../server/api-server-options.js";
import { dispatchConfig, observerOf } from "../server/api-server-options.js";
import { comparison } from "../server/built-in/built-in-handlers.js";
import { receiver } from "../server/receiver.js";
import { reportCalls } from "../server/report-calls.js";
import type { CallbackClients } from "../server/report-drift.js";
import { Router } from "../server/router.js";
import type { Connection } from "../wire/connection.js";
import { type Limits, resolveLimits, UNARY_TIMEOUT } from "../wire/limits.js";

// With callbacks, the client serves and the server calls. client/ and server/ do not import each other, so they are combined
// here.

/**
 * Serves `handlers` of the API's callbacks to the server that a client connects to. The peer of the calls is the server, which
 * has proven its host key; it may call every callback.
 * @param options `log` receives the reasons of failed callbacks; default: none
 * @throws Error that lists the missing handlers
 */
export function serveCallbacks(
  api: Api,
  handlers: object,
  options: Pick<ApiServerOptions, "limits" | "observer"> & { readonly log?: Logger },
): ServeCallbacks {
  const { name, version, hash, callbacks = [] } = api;
  const router = new Router(
    bindHandlers({ name, version, hash, methods: callbacks }, handlers),
    comparison(api, "callbacks"),
  );
  const { log = SILENT } = options;
  const observer = combineObservers(options.observer, log);
  const config = dispatchConfig({ log, observer }, resolveLimits(options.limits));
  return (peer, connection) => ({
    receive: receiver({ router, dispatch: config, peer, connection, callbacks: () => undefined, clients: () => [] }),
    observer: reportCalls(observer, {
      peer,
      router,
      reference: (method) => connection().remote?.methods[method],
      callback: true,
    }),
  });
}

/** The clients of connected peers' callbacks; undefined if the API declares none. */
export function callbacksOf(api: Api, options: CallbackOptions): CallbackClients | undefined {
  const { callbacks = [] } = api;
  if (callbacks.length === 0) return undefined;
  const observer = observerOf(options);
  const policy = checkDriftPolicy(options.contractDrift);
  const drift = new DriftCheck({
    api,
    calls: "callbacks",
    index: callbacks.length,
    policy,
    limits: resolveLimits(options.limits),
  });
  const sourceOf = (connection: Connection | undefined, { queuedCalls }: Limits): ConnectionSource => {
    if (connection === undefined) return NO_CONNECTION;
    return policy === "refuse" ? new ComparedConnection(connection, drift, queuedCalls) : new OneConnection(connection);
  };
  return {
    client(served, limits) {
      const connections = sourceOf(served?.connection, limits);
      const reports = served && callbackReports(observer, served.peer);
      const common = { connections, timeout: UNARY_TIMEOUT, limits, drift, reports };
      return latest((account) =>
        bindMethods(callbacks, { ...common, charge: account === undefined ? undefined : new CallCharge(account) }),
      );
    },
    compare: (connection) => drift.compare(connection),
  };
}

/** Keeps the latest result only: with one for each account, clients times keys would be kept. */
function latest<Argument, Result>(make: (argument: Argument) => Result): (argument: Argument) => Result {
  let last: { readonly argument: Argument; readonly result: Result } | undefined;
  return (argument) => {
    if (last === undefined || last.argument !== argument) last = { argument, result: make(argument) };
    return last.result;
  };
}

type CallbackOptions = Pick<ApiServerOptions, "contractDrift" | "limits" | "observer" | "onCall"> & {
  readonly log: Logger;
};

/** A caller behind an adapter has no connection, so its callbacks are UNIMPLEMENTED. */
const NO_CONNECTION: ConnectionSource = {
  retries: 0,
  backoff: new Backoff({}),
  error: undefined,
  connection: () => undefined,
  wait() {
    throw new RpcError("UNIMPLEMENTED", "the caller serves no methods");
  },
  forget() {},
};
