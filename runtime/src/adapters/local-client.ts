import { duplexPair } from "../base/memory-transport.js";
import type { Peer } from "../base/peer.js";
import { AGENT } from "../base/version.js";
import type { CallOptions } from "../client/call/call-options.js";
import type { MethodBinding } from "../client/call/method-binding.js";
import type { Items } from "../client/call/method-types.js";
import { type StreamingCall, startStreaming } from "../client/call/start-streaming.js";
import { OneConnection } from "../client/connection/one-connection.js";
import { jsonCodec } from "../codec/json.js";
import type { Method, Validator } from "../contract/method.js";
import { RpcError } from "../contract/rpc-error.js";
import type { ApiServer } from "../server/api-server.js";
import { Connection } from "../wire/connection.js";
import { WindowBudget } from "../wire/flow-control.js";
import { MAX_REFERENCE } from "../wire/hello.js";

/**
 * Bytes of a response stream on their way within the process. It does not grow: nothing is far. With less, the two sides
 * take turns, at more CPU.
 */
const WINDOW = 256 * 1024;

/**
 * Calls the server of this process for one peer, over the frames that every client speaks: whatever holds for a client
 * from afar (scopes, validation, limits, deadlines, errors) holds here, because it is the same code. An adapter translates
 * bytes into these calls, and decides nothing. Whoever opens it closes it.
 */
export class LocalClient implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #bindings: ReadonlyMap<string, MethodBinding>;

  private constructor(connection: Connection, bindings: ReadonlyMap<string, MethodBinding>) {
    this.#connection = connection;
    this.#bindings = bindings;
  }

  /**
   * Connects to `server` as `peer`, who will call nothing but `references`: ids (`GET /notes/{id}`), or paths whose
   * parameters the server takes into the request (`GET /notes/42`).
   * @throws RpcError NOT_FOUND or METHOD_NOT_ALLOWED where a reference leads nowhere, MESSAGE_TOO_LARGE where one is too
   * long, UNAVAILABLE where the server is closing
   */
  static async open(server: ApiServer, peer: Peer, references: readonly string[]): Promise<LocalClient> {
    const methods = references.map((reference) => anyValue(server.resolve(checkLength(reference)).method));
    const { limits } = server;
    const [near, far] = duplexPair();
    server.accept(far, peer);
    const connection = new Connection(near, {
      role: "dialer",
      hello: { agent: AGENT, methods: references },
      limits,
      peerName: "the server",
    });
    await connection.ready;
    const shared = {
      connections: new OneConnection(connection),
      codec: jsonCodec,
      timeout: 0,
      maxMetadata: limits.metadata,
      window: Math.min(limits.window, WINDOW),
      windows: new WindowBudget(0),
      interceptors: [],
    };
    const bindings = references.map((reference, index) => {
      const method = methods[index] as Method;
      return [reference, { ...shared, method, index }] as const;
    });
    return new LocalClient(connection, new Map(bindings));
  }

  /**
   * Begins a call of any kind. It never throws: what is wrong with the call is how its response ends. The response is
   * undefined where a stream ends without one. Items of a `Bytes` stream are buffers.
   * @param items the request stream, for a method that takes one
   */
  call(reference: string, request: unknown, items?: Items<unknown>, options?: CallOptions): StreamingCall {
    const binding = this.#bindings.get(reference);
    if (binding === undefined) throw new Error(`${reference} is not what this client was opened for`);
    return startStreaming(binding, request, items, options);
  }

  /** Ends the calls that run, and the connection. */
  async close(): Promise<void> {
    await this.#connection.close("the session has ended");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function checkLength(reference: string): string {
  if (reference.length <= MAX_REFERENCE) return reference;
  throw new RpcError(
    "MESSAGE_TOO_LARGE",
    `verb and path have ${reference.length} characters; the limit is ${MAX_REFERENCE}`,
  );
}

const any: Validator = () => true;

/**
 * The server validates; to do so here, too, would do everything twice. Without a time of its own, the call has what the
 * server gives; and as a stream, it takes whatever comes: one value, items, or both.
 */
function anyValue({ timeout: _, scope: __, errors: ___, requestItem, responseItem, ...method }: Method): Method {
  return {
    ...method,
    kind: requestItem === undefined ? "server-streaming" : "bidirectional",
    request: any,
    response: any,
    responseItem: responseItem === "bytes" ? responseItem : any,
    ...(requestItem !== undefined && { requestItem: requestItem === "bytes" ? requestItem : any }),
  };
}
