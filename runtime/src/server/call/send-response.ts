import { turnOf } from "../../base/accounts/turns.js";
import { errorMessage } from "../../base/error-message.js";
import { checkDeclared } from "../../codec/check-declared.js";
import type { Codec, EncodedValue } from "../../codec/codec.js";
import { describeIssues, issuesOf } from "../../codec/issues.js";
import { encodeItem, type ItemType } from "../../codec/items.js";
import type { Method, Validator } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import { Tracked } from "../../contract/tracked.js";
import type { ItemSource } from "../../wire/iterator-of.js";
import { checkSize } from "../../wire/limits.js";
import { pumpItems } from "../../wire/pump-items.js";
import { authorize } from "./admit.js";
import type { CallContext, Caller } from "./call-context.js";
import type { CallPort } from "./call-port.js";

/**
 * Validates the response of a handler, and encodes what the schema declares of it; empty if the method has none. A handler of a method that returns null
 * may return undefined.
 * @throws Error if the response does not match the contract; RpcError MESSAGE_TOO_LARGE
 */
export function encodeResponse(
  value: unknown,
  { response: validator }: Method,
  codec: Codec,
  { maxMessage, config }: Caller,
): EncodedValue {
  if (validator === undefined) return "";
  const response = value === undefined ? null : value;
  if (!validator(response)) {
    throw new Error(`the handler's response does not match the contract: ${describeIssues(issuesOf(validator))}`);
  }
  if (config.undeclaredProperties === "refuse") refuseUndeclared(response, validator);
  const body = codec.encode(response, validator.projection);
  checkSize(body, maxMessage, "response");
  return body;
}

function refuseUndeclared(response: unknown, validator: Validator): void {
  try {
    checkDeclared(response, validator);
  } catch (error) {
    throw new Error(`the handler's response does not match the contract: ${errorMessage(error)}`, { cause: error });
  }
}

/**
 * Sends the response stream of a call: the headers, then each item, authorized and validated. A peer may lose its scopes
 * while a stream runs.
 * @param source the handler's stream, or the promise of it
 * @param stopped called at once with the reason when the handler is stopped before its end
 * @returns the return value of the handler's generator
 * @throws RpcError FORBIDDEN, or why the call ended; Error for an item that does not match the contract
 */
export async function sendItems(
  source: unknown,
  call: CallPort,
  context: CallContext,
  stopped: (error: unknown) => void,
): Promise<unknown> {
  const { responseItem, scope } = context.route.method;
  // Created before the first await: a call that is aborted meanwhile closes it.
  const { sender } = call;
  const { undeclaredProperties: undeclared } = context.config;
  const format = { type: responseItem as ItemType, codec: call.codec, status: "INTERNAL", undeclared } as const;
  const encode = (item: unknown): EncodedValue => {
    authorize(context.peer, scope);
    // It would send the caller items that it has.
    if (context.ignoresPosition)
      throw new RpcError("UNIMPLEMENTED", "the handler of this method cannot resume its stream");
    context.sendHeaders(call);
    try {
      return encodeItem(item instanceof Tracked ? item.item : item, format);
    } catch (error) {
      // As for a response: the fault is logged, and the caller gets a reference to it.
      throw new Error(errorMessage(error), { cause: error });
    }
  };
  return pumpItems((await source) as ItemSource<unknown, unknown>, encode, sender, {
    onAbort: stopped,
    positionOf: context.sendsPositions ? positionOf : undefined,
    turn: turnOf(context.peer),
  });
}

function positionOf(item: unknown): string | undefined {
  return item instanceof Tracked ? item.position : undefined;
}
