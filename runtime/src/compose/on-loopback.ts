import type { ApiHandlers } from "../server/api-handlers.js";
import { publicKeyLine } from "../ssh/keys/format/public-key.js";
import type { ConnectOptions } from "./connect.js";
import { generateKeyPair, type KeyPair } from "./key-pair.js";
import { type Server, serveHandlers } from "./serve.js";
import type { ServeOptions } from "./serve-options.js";

/** Options of {@link onLoopback}: those of `serve` without what it sets itself, and the grants of the temporary key. */
export interface LoopbackOptions extends Omit<ServeOptions, "host" | "port" | "hostKeys" | "authorizedKeys"> {
  /** The user name of the login, which the key proves: the `user` and the `principal` of the peer. Default: `test`. */
  readonly user?: string;
  /** The scopes of the key. Default: every scope. */
  readonly scopes?: readonly string[];
}

/** A server with temporary keys. Its owner closes it. */
export interface LoopbackServer<Callbacks = undefined> extends Server<Callbacks> {
  /** The first argument of the generated `connect`: `ssh://test@127.0.0.1:40123`. */
  readonly target: string;
  /** The options of `connect` for it: the key, and the host key. */
  readonly options: Required<Pick<ConnectOptions, "identity" | "hostKey">>;
  /** The key that the server accepts, as text. */
  readonly key: KeyPair;
}

/**
 * Serves handlers over SSH on a free port of 127.0.0.1, with a host key and a user key that exist in memory only. No log, unless
 * one is given.
 *
 * @throws RpcError BAD_REQUEST for an invalid option
 * @example
 * await using server = await onLoopback(defineHandlers(handlers), { scopes: ["notes:read"] });
 * await using client = await connect(server.target, server.options);
 */
export async function onLoopback<Callbacks = undefined>(
  handlers: ApiHandlers<Callbacks>,
  { user = "test", scopes = ["*"], ...options }: LoopbackOptions = {},
): Promise<LoopbackServer<Callbacks>> {
  const [host, key] = [generateKeyPair(), generateKeyPair()];
  const server = await serveHandlers<Callbacks>(handlers, {
    log: false,
    ...options,
    host: "127.0.0.1",
    port: 0,
    hostKeys: { privateKey: host.privateKey },
    authorizedKeys: (attempt) =>
      publicKeyLine(attempt.key) === key.publicKey && attempt.user === user ? { scopes, principal: user } : undefined,
  });
  const { fingerprints, hostKeys, port } = server;
  return {
    ...server,
    get clients() {
      return server.clients;
    },
    host: server.host,
    port,
    hostKeys,
    fingerprints,
    target: `ssh://${encodeURIComponent(user)}@127.0.0.1:${port}`,
    options: { identity: { privateKey: key.privateKey }, hostKey: fingerprints },
    key,
  };
}
