import { OptionError } from "../../base/check-options.js";
import type { CheckedServer, ServerProblem } from "../../compose/check-server.js";
import { RpcError } from "../../contract/rpc-error.js";
import { UsageError } from "../shared/failure.js";
import type { Settings } from "./settings.js";

/**
 * The error of a server that could not be started or reloaded: where an option is at fault, all that is wrong with the options, each with
 * its flag, its variable or its place in the config file.
 * @param checked the server with its options
 */
export async function atSource(error: unknown, settings: Settings, checked: CheckedServer): Promise<unknown> {
  if (!(error instanceof RpcError && error.cause instanceof OptionError)) return error;
  const { checkServer } = await import("../../compose/check-server.js");
  const problems = (await checkServer(checked)).filter(({ level }) => level === "error");
  const lines = problems.map((problem) => placedProblem(problem, settings));
  const isOwn = lines.length === 0 || (lines.length === 1 && lines[0] === error.message);
  return isOwn ? error : new UsageError(lines.join("\n"), { cause: error });
}

/** What is wrong with an option, with its flag, its variable or its place in the config file. */
export function placedProblem({ path, message }: Pick<ServerProblem, "path" | "message">, settings: Settings): string {
  const [name = "", ...inside] = path;
  const [first = ""] = inside;
  // A field may have a flag of its own: `auditMaxSize`.
  const setting =
    settings.given(name + first.charAt(0).toUpperCase() + first.slice(1)) ??
    settings.all.find(({ option: { key, table } }) => key === name || Object.hasOwn(table ?? {}, name));
  if (setting === undefined || setting.source === "default" || setting.source === "flag") return message;
  const { from, option, placeOf } = setting;
  const place = placeOf === undefined || inside.length === 0 ? from : placeOf(inside);
  // A message about a file names the file.
  const text = message.replace(/^option [\w.[\]]+:? /, "");
  const named = option.key === name ? path : [option.key];
  return `${place}: ${text === message ? "" : `${named.join(".")}: `}${text}`;
}
