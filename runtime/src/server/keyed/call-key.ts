import * as crypto from "node:crypto";
import { canonicalJson } from "../../base/canonical-json.js";
import { IDEMPOTENCY_DONE, IDEMPOTENCY_KEY, isIdempotencyKey, MAX_DONE } from "../../contract/idempotency.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { Metadata } from "../../wire/metadata.js";
import { excerpt } from "../call/excerpt.js";

/** Keys that clients make: 16 random bytes of the client as base64url, and a number. */
const MADE = /^[\w-]{22}\.\d{1,16}$/;

/** Characters of a made key up to its number. */
const CLIENT_SIZE = 23;

const NUMBER = /^\d{1,16}$/;

/** The idempotency key of a call; undefined without one. @throws RpcError BAD_REQUEST */
export function callKey(metadata: Metadata): string | undefined {
  const keys = metadata.get(IDEMPOTENCY_KEY);
  if (keys === undefined) return undefined;
  const [key = ""] = keys;
  if (keys.length === 1 && isIdempotencyKey(key)) return key;
  const given = keys.length > 1 ? `${keys.length} keys` : `${key.length} characters`;
  throw badRequest(`header ${IDEMPOTENCY_KEY}: invalid (${given}); use one key of 1 to 255 printable ASCII characters`);
}

/** The earlier keys of the client whose outcomes it has. Keys that were given have no client. @throws RpcError BAD_REQUEST */
export function doneKeys(key: string, metadata: Metadata): readonly string[] {
  const done = metadata.get(IDEMPOTENCY_DONE);
  if (done === undefined) return [];
  const numbers = done.length === 1 ? (done[0] as string).split(",") : done.flatMap((list) => list.split(","));
  if (!MADE.test(key) || numbers.length > MAX_DONE || !numbers.every((number) => NUMBER.test(number)))
    throw badRequest(`header ${IDEMPOTENCY_DONE}: invalid; use at most ${MAX_DONE} numbers of keys of the same client`);
  const client = key.slice(0, CLIENT_SIZE);
  return numbers.map((number) => client + number);
}

/** A text that is equal for equal requests, in any order of their fields. */
export function digestOf(request: unknown): string {
  return crypto.hash("sha256", canonicalJson(request), "base64url");
}

/** The error of a key that another request has taken. */
export function keyConflict(key: string): RpcError {
  return badRequest(`idempotency key ${excerpt(key)}: it belongs to another request; use a new key for each request`);
}

function badRequest(message: string): RpcError {
  return new RpcError("BAD_REQUEST", message, { details: { issues: [] } });
}
