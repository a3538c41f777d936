import type { ConnectionAccount } from "../../base/accounts/connection-account.js";
import { overQuota } from "../../wire/flow/over-quota.js";

const LINE_END = 0x0a;

/**
 * The chunks of an input whose reader collects them, charged to the account of its connection: to the end of the input, or of each line.
 * @throws RpcError RESOURCE_EXHAUSTED where the account has no room
 */
export async function* chargedInput(
  input: AsyncIterable<Buffer>,
  account: ConnectionAccount,
  until: "end" | "line",
): AsyncGenerator<Buffer, void> {
  let held = 0;
  try {
    for await (const chunk of input) {
      const lineEnd = until === "line" ? chunk.lastIndexOf(LINE_END) : -1;
      if (lineEnd !== -1) {
        account.give("bytes", held);
        held = 0;
      }
      const kept = chunk.length - lineEnd - 1;
      const error = overQuota(account.take("bytes", kept));
      if (error !== undefined) throw error;
      held += kept;
      yield chunk;
    }
  } finally {
    account.give("bytes", held);
  }
}
