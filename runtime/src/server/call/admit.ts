import { grants, type Peer } from "../../base/peer.js";
import { IDEMPOTENCY_KEY } from "../../contract/idempotency.js";
import type { Method } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import { positionProblem } from "../../contract/tracked.js";
import type { ItemKind } from "../../wire/hello.js";
import { type Metadata, RESUME_AFTER } from "../../wire/metadata.js";
import type { Caller } from "./call-context.js";
import type { CallPort } from "./call-port.js";
import { excerpt } from "./excerpt.js";

/** Whether the peer may call methods that require this scope, or none. */
export function isAuthorized(peer: Peer, scope: string | undefined): boolean {
  return scope === undefined || grants(peer.scopes, scope);
}

/** @throws RpcError FORBIDDEN if the peer lacks the scope that a method requires */
export function authorize(peer: Peer, scope: string | undefined): void {
  if (isAuthorized(peer, scope)) return;
  const held = peer.scopes.length === 0 ? "no scopes" : peer.scopes.join(", ");
  const holder = peer.fingerprint === undefined ? peer.user : "this key";
  throw new RpcError("FORBIDDEN", `missing scope ${scope} (${holder} has ${held})`);
}

const MISSING_STREAM = "missing request stream; with `sshrpc call`, name it with --items FILE (- for standard input)";

/** @throws RpcError BAD_REQUEST if the streams of a call are not those of its method */
export function checkStreams(
  method: Method,
  call: CallPort,
  { hasOtherContract, items }: Pick<Caller, "hasOtherContract" | "items">,
): void {
  checkStream(method, call);
  if (hasOtherContract) checkResponseStream(method, call);
  checkItemKind(method, items);
  if (call.metadata.size > 0) {
    checkPosition(method, call.metadata);
    checkKey(method, call.metadata);
  }
}

/** @throws RpcError BAD_REQUEST if a caller sends a request stream to a method without one, or the reverse */
function checkStream({ requestItem }: Method, { hasStream }: { readonly hasStream: boolean }): void {
  if (hasStream === (requestItem !== undefined)) return;
  throw new RpcError("BAD_REQUEST", hasStream ? "the method takes no request stream" : MISSING_STREAM);
}

/**
 * Refuses a caller of another contract, where the method has a response stream that this one lacks, or the reverse: one would wait for
 * credit until its deadline, the other would see a stream without items.
 * @throws RpcError BAD_REQUEST
 */
function checkResponseStream({ responseItem }: Method, { readsStream }: Pick<CallPort, "readsStream">): void {
  if (readsStream === undefined || readsStream === (responseItem !== undefined)) return;
  throw new RpcError(
    "BAD_REQUEST",
    `the method has ${readsStream ? "no" : "a"} response stream in the contract of this side; update the older of the two`,
  );
}

/**
 * Refuses a caller without a contract that expects the wrong kind of items: it would read JSON as bytes, or bytes as JSON. A
 * method with bytes in either direction is a method of bytes.
 * @throws RpcError BAD_REQUEST with the flag of `sshrpc call` that corrects it
 */
function checkItemKind({ requestItem, responseItem }: Method, expected: ItemKind | undefined): void {
  if (expected === undefined) return;
  const actual: ItemKind = requestItem === "bytes" || responseItem === "bytes" ? "bytes" : "json";
  if (actual === expected) return;
  throw new RpcError(
    "BAD_REQUEST",
    actual === "bytes"
      ? "the method streams raw bytes; call it with --bytes"
      : "the method does not stream raw bytes; call it without --bytes",
  );
}

/**
 * Checks the position that a call goes on behind; the handler knows whether it is one of this stream.
 * @throws RpcError BAD_REQUEST
 */
function checkPosition({ responseItem }: Method, metadata: Metadata): void {
  const values = metadata.get(RESUME_AFTER);
  if (values === undefined) return;
  const problem = values.length > 1 ? "more than one position" : positionProblem(values[0]);
  if (problem !== undefined) throw new RpcError("BAD_REQUEST", `${RESUME_AFTER}: ${problem}`);
  if (responseItem === undefined) {
    throw new RpcError("BAD_REQUEST", `${RESUME_AFTER}: the method has no response stream that could resume`);
  }
}

/**
 * Refuses a key that would have no effect: its caller may send the call again, because it has one.
 * @throws RpcError BAD_REQUEST
 */
function checkKey({ idempotent, responseItem }: Method, metadata: Metadata): void {
  if (idempotent || responseItem === undefined || !metadata.has(IDEMPOTENCY_KEY)) return;
  throw new RpcError(
    "BAD_REQUEST",
    "the method has a response stream, of which no ledger keeps the items: call it without idempotency key",
  );
}

/** Adds the fields of the path to a request. @throws RpcError BAD_REQUEST if the request has another value for one */
export function withParams(request: unknown, params: Readonly<Record<string, unknown>> | undefined): unknown {
  if (params === undefined || typeof request !== "object" || request === null || Array.isArray(request)) return request;
  for (const [name, value] of Object.entries(params)) {
    const given = Object.hasOwn(request, name) ? (request as Record<string, unknown>)[name] : undefined;
    if (given !== undefined && given !== value) {
      const [inPath, inRequest] = [excerpt(JSON.stringify(value)), excerpt(JSON.stringify(given))];
      throw new RpcError(
        "BAD_REQUEST",
        `${name}: conflicting values: ${inPath} in the path, ${inRequest} in the request`,
      );
    }
  }
  return { ...request, ...params };
}
