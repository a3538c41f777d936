import type { Method } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { ItemKind } from "../../wire/hello.js";

/**
 * Refuses a caller without a contract who is mistaken of what a method streams: its JSON would be taken for bytes, or bytes
 * be shown as JSON. A method that streams bytes in one direction alone is one of bytes.
 * @throws RpcError BAD_REQUEST that says how `sshrpc call`, which calls so, has to call it
 */
export function checkItems({ requestItem, responseItem }: Method, expected: ItemKind): void {
  const actual: ItemKind = requestItem === "bytes" || responseItem === "bytes" ? "bytes" : "json";
  if (actual === expected) return;
  throw new RpcError(
    "BAD_REQUEST",
    actual === "bytes"
      ? "it streams raw bytes: call it with --bytes"
      : "it streams no raw bytes: call it without --bytes",
  );
}
