import { errorMessage } from "../../base/error-message.js";
import { checkContract } from "./parse-contract.js";
import type { Source } from "./source.js";

/** The part of `sshrpc/client` that reads the contract of a server; earlier versions have none. */
interface Reflection {
  readonly fetchContract?: (target: string) => Promise<{ readonly contract: unknown; readonly complete: boolean }>;
}

/**
 * The contract of a running server, as far as the key may see it: all of it with the scope `sshrpc:contract`. Key and host key are found
 * as `connect` finds them.
 * @throws Error that names the server, InvalidOptionsError for an invalid contract
 */
export async function serverSource(label: string): Promise<Source> {
  const { fetchContract } = (await import("sshrpc/client")) as Reflection;
  if (fetchContract === undefined) {
    throw new Error(
      `${label}: this version of sshrpc cannot read the contract of a server; update sshrpc, or use an api.json`,
    );
  }
  const { contract, complete } = await fetchContract(label).catch((error: unknown) => {
    throw new Error(`${label}: ${errorMessage(error)}`, { cause: error });
  });
  return { label, contract: checkContract(contract, label), complete: complete === true };
}
