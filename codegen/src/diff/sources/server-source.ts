import { errorMessage } from "../../base/error-message.js";
import { InvalidOptionsError } from "../../base/invalid-options-error.js";
import { checkContract } from "../compare/parse-contract.js";
import type { ServerOptions, Source } from "./source.js";

/** The part of `sshrpc/client` that reads the contract of a server; earlier versions have none. */
interface Reflection {
  readonly fetchContract?: (
    target: string,
    options: ServerOptions,
  ) => Promise<{ readonly contract: unknown; readonly complete: boolean }>;
}

/**
 * The contract of a running server, as far as the key may see it: all of it with the scope `sshrpc:contract`.
 * @throws InvalidOptionsError that names the server
 */
export async function serverSource(label: string, options: ServerOptions): Promise<Source> {
  const { fetchContract } = (await import("sshrpc/client")) as Reflection;
  if (fetchContract === undefined) {
    throw new InvalidOptionsError(
      `${label}: this version of sshrpc cannot read the contract of a server; update sshrpc, or use an api.json`,
    );
  }
  const { contract, complete } = await fetchContract(label, options).catch((error: unknown) => {
    throw new InvalidOptionsError(`${label}: ${errorMessage(error)}`, { cause: error });
  });
  return { label, contract: checkContract(contract, label), complete: complete === true };
}
