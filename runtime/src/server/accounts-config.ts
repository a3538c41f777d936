import type { AccountsConfig } from "../base/accounts/server-account.js";
import { checkNumber } from "../base/check-number.js";
import type { Limits } from "../wire/limits.js";
import type { ApiServerOptions } from "./api-server-options.js";
import type { DispatchConfig } from "./call/call-context.js";

/** The options that limit what connections and keys hold. */
export interface AccountedOptions extends ApiServerOptions {
  /** Of a server over SSH. Default: no limit. */
  readonly maxConnections?: number;
  /** Lines of failures of one key; see `refusalLines` of a server. */
  readonly refusalLines?: number;
  /** Returns why the server refuses calls at present. */
  readonly refusal?: DispatchConfig["refusal"];
}

/** Calls of clients without an answer, of one key: enough for several calls of every client at once. */
const CALLBACKS = 4096;

/** Applies the defaults. @throws OptionError that names the option, its value and its range */
export function accountsConfig({ maxConnections, perKey = {} }: AccountedOptions, limits: Limits): AccountsConfig {
  const { calls, bytes, serverCalls, serverBytes } = limits;
  for (const [name, value] of Object.entries(perKey)) if (value !== undefined) checkNumber(`perKey.${name}`, value, 1);
  return {
    server: { connections: maxConnections, calls: serverCalls, bytes: serverBytes },
    key: {
      connections: maxConnections && Math.ceil(maxConnections / 2),
      ...perKey,
      callbacks: perKey.callbacks ?? CALLBACKS,
    },
    connection: { calls, bytes },
  };
}
