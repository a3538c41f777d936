import { SERVE_STDIO_OPTIONS } from "../../compose/serve-options.js";
import type { Setting, Settings } from "../config/settings.js";
import { UsageError } from "../shared/failure.js";
import { SERVE_FILE_OPTIONS, type ServeFlags } from "./serve-flags.js";

/** Flags of the mode with --stdio alone. */
const STDIO_ALONE: readonly string[] = ["scopes", "forced"];

/** Flags of a server that listens, beside the options of {@link SERVE_FILE_OPTIONS}. */
const PORT_ALONE: readonly string[] = [
  ...["shutdownDelay", "metrics", "brief", "ledger", "ledgerKeeps"],
  ...["takeover", "runtimeDirectory", "processes"],
];

/** More would only compete for the cores. */
const MOST_PROCESSES = 256;

/** Why the options of a server that listens have no effect with --stdio. */
function whyNot(key: string): string {
  return PORT_ALONE.includes(key)
    ? "sshd starts a process for each session"
    : "sshd accepts connections and authenticates callers";
}

/**
 * Rejects options without effect, because an ignored option of security would be dangerous.
 * @throws UsageError that names both sources
 */
export function checkSettings(settings: Settings): void {
  const isStdio = settings.given("stdio") !== undefined;
  const given = settings.all.flatMap(({ option }) => settings.given(option.key) ?? []);
  const hasEffect = ({ option: { key, table = {} } }: Setting): boolean => {
    if (!isStdio) return !STDIO_ALONE.includes(key);
    if (PORT_ALONE.includes(key)) return false;
    const isOfServer = [key, ...Object.keys(table)].some((name) => Object.hasOwn(SERVE_FILE_OPTIONS, name));
    return !isOfServer || Object.hasOwn(SERVE_STDIO_OPTIONS, key);
  };
  const lines = given
    .filter((setting) => !hasEffect(setting))
    .map((setting) =>
      isStdio
        ? `${nameOf(setting)} cannot be used with --stdio: ${whyNot(setting.option.key)}`
        : `${nameOf(setting)} requires --stdio`,
    );
  lines.push(...missing(settings), ...processFaults(settings), ...ledgerConflicts(settings));
  if (lines.length > 0) throw new UsageError(lines.join("\n"));
}

/** The option, with its source unless that is the flag itself. */
function nameOf({ option: { key, flag }, from, source }: Setting): string {
  return source === "flag" ? from : `${from}: ${flag?.long ?? key}`;
}

/** Options without effect where another one is absent. */
const NEEDED: Readonly<Record<string, string>> = {
  ...{ auditMaxSize: "audit", auditFiles: "audit", auditOnFull: "audit" },
  ...{ logMaxSize: "log", logFiles: "log" },
  runtimeDirectory: "takeover",
};

/** What is given without the option that it changes. */
function missing(settings: Settings): readonly string[] {
  return Object.entries(NEEDED).flatMap(([key, other]) => {
    const setting = settings.given(key);
    return setting === undefined || settings.given(other) !== undefined
      ? []
      : [`${nameOf(setting)} requires --${other}`];
  });
}

function processFaults(settings: Settings): readonly string[] {
  const { processes = 1, takeover, port } = settings.values as unknown as ServeFlags;
  return [
    ...(processes > MOST_PROCESSES ? [`--processes: use at most ${MOST_PROCESSES}`] : []),
    ...(takeover && port === 0 ? ["--takeover requires a port: with --port 0 there is none to take over"] : []),
  ];
}

/** Ledgers that several processes cannot share: one of the program may be in a store that they do. */
function ledgerConflicts(settings: Settings): readonly string[] {
  const { processes = 1, takeover, ledger } = settings.values as unknown as ServeFlags;
  const given = settings.given("ledger");
  if (given === undefined || !ledger || "begin" in ledger) return [];
  if (processes > 1)
    return [`${nameOf(given)} cannot be used with --processes: each process would have a ledger of its own`];
  if (!takeover || ledger.file === undefined) return [];
  return [`${nameOf(given)} cannot be used with --takeover: the server that is taken over has the file open`];
}
