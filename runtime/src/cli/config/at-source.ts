import { OptionError } from "../../base/check-options.js";
import { RpcError } from "../../contract/rpc-error.js";
import { UsageError } from "../shared/failure.js";
import type { Settings } from "./settings.js";

/** An error of an option, with the variable or the place in the config file that set it, if any. */
export function atSource(error: unknown, settings: Settings): unknown {
  const { cause } = (error ?? {}) as { readonly cause?: unknown };
  if (!(error instanceof RpcError && cause instanceof OptionError)) return error;
  const [, name = "", path = ""] = /^option (\w+)(\S*?):? /.exec(cause.message) ?? [];
  const setting = settings.all.find(({ option: { key, table } }) => key === name || Object.hasOwn(table ?? {}, name));
  if (setting === undefined || setting.source === "default" || setting.source === "flag") return error;
  const { from, option } = setting;
  return new UsageError(`${from}: ${cause.message.replace(`option ${name}${path}`, `${option.key}${path}`)}`, {
    cause: error,
  });
}
