import { buildAdapters } from "../adapters/adapters.js";
import { checkNumber } from "../base/check-number.js";
import { type KnownOptions, OptionError, optionProblems } from "../base/check-options.js";
import { errorMessage } from "../base/error-message.js";
import { SILENT } from "../base/log.js";
import { BUILT_IN_SCOPES } from "../contract/built-in/built-in-api.js";
import type { Api } from "../contract/method.js";
import { checkAuditOptions } from "../observe/audit-log.js";
import { checkAppend } from "../observe/open-append.js";
import type { ApiHandlers } from "../server/api-handlers.js";
import { ledgerConfig } from "../server/ledger/ledger-options.js";
import { listenChecks, type OptionCheck } from "../ssh/server/check-listen.js";
import { newServer } from "./open-server.js";
import { SERVE_OPTIONS, SERVE_STDIO_OPTIONS, type ServeOptions, type ServeStdioOptions } from "./serve-options.js";

/** Something that keeps a server from starting, or that it warns of. */
export interface ServerProblem {
  readonly level: "error" | "warn";
  /** The option that it is about, and the names inside of its value; empty where it is about none, or names its place itself. */
  readonly path: readonly string[];
  readonly message: string;
}

/** Which server is checked, and what is known of it. Options that are absent are not checked, also those that a server requires. */
export interface CheckedServer {
  /** Absent where the handlers could not be loaded. */
  readonly handlers?: ApiHandlers<unknown> | undefined;
  readonly options: Partial<ServeOptions> | ServeStdioOptions;
  /** Over standard input and output, options of the network are unknown. */
  readonly isStdio?: boolean;
}

const NO_API: Api = { name: "", version: "", hash: "", methods: [] };

/**
 * All that is wrong with the options of a server and with the files that they name. It reads files, opens no port, and writes nothing.
 */
export async function checkServer({ handlers, options, isStdio = false }: CheckedServer): Promise<ServerProblem[]> {
  const problems = new Problems(options);
  const api = handlers?.api ?? NO_API;
  const scopes = [...api.methods.flatMap(({ scope }) => scope ?? []), ...BUILT_IN_SCOPES];
  problems.checkTable(isStdio ? SERVE_STDIO_OPTIONS : SERVE_OPTIONS);
  const checks: readonly OptionCheck<Partial<ServeOptions>>[] = [
    { run: ({ refusalLines = 1 }) => checkNumber("refusalLines", refusalLines, 1) },
    { option: "audit", run: checkAuditOptions },
    { option: "ledger", run: checkLedgerOptions },
    {
      run: (given) => {
        const { observer = [] } = given;
        const bound = handlers ?? { api, handlers: new Map() };
        const server = newServer(bound, { ...given, observer, ledger: false, log: SILENT });
        // The command of a shell cannot be resolved without the handlers.
        const { exec, korv, shell } = given;
        buildAdapters({
          ...(exec !== undefined && { exec }),
          ...(korv !== undefined && { korv }),
          ...(handlers && shell !== undefined && { shell }),
          ...{ server, log: SILENT },
        });
      },
    },
  ];
  for (const check of checks) await problems.run(check);
  if (isStdio) return problems.all;
  const known = handlers && { scopes: [...new Set(scopes)] };
  const warn = (message: string): void => void problems.all.push({ level: "warn", path: [], message });
  for (const check of listenChecks({ ...problems.options, ...known }, warn)) await problems.run(check);
  return problems.all;
}

/** Checks a ledger without opening its file, which the running server may have. @throws OptionError */
function checkLedgerOptions({ ledger = false }: Pick<ServeOptions, "ledger">): void {
  if (ledger === false || "begin" in ledger) return;
  ledgerConfig(ledger);
  if (ledger.file === undefined) return;
  try {
    checkAppend(ledger.file);
  } catch (error) {
    throw new OptionError(`option ledger.file: cannot be written: ${errorMessage(error)}`, { cause: error });
  }
}

/** The number of wrong values of one check: a check that does not name the wrong value would repeat itself. */
const MAX_ROUNDS = 100;

/** What is wrong with some options. Each check runs again without the value that it rejected, until it accepts the rest. */
class Problems {
  readonly all: ServerProblem[] = [];
  options: Partial<ServeOptions>;

  constructor(options: Partial<ServeOptions>) {
    this.options = options;
  }

  checkTable(known: KnownOptions): void {
    for (const { path, message } of optionProblems(this.options, known)) {
      this.all.push({ level: "error", path, message });
      this.#remove(path);
    }
  }

  async run({ option, run }: OptionCheck<Partial<ServeOptions>>): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      try {
        await run(this.options);
        return;
      } catch (error) {
        const message = errorMessage(error);
        const path = error instanceof OptionError ? optionPath(message) : [];
        this.all.push({ level: "error", path: path.length > 0 ? path : [option ?? []].flat(), message });
        if (!this.#remove(path)) return;
      }
    }
  }

  /** Removes a value; of a list, the whole list. @returns whether it was there */
  #remove(path: readonly string[]): boolean {
    const [name, ...inside] = path;
    if (name === undefined || !Object.hasOwn(this.options, name)) return false;
    this.options = without(this.options, [name, ...inside]) as Partial<ServeOptions>;
    return true;
  }
}

function without(value: object, [name = "", ...inside]: readonly string[]): object {
  const { [name]: field, ...others } = value as Record<string, unknown>;
  const isTable = typeof field === "object" && field !== null && !Array.isArray(field);
  if (inside.length === 0 || !isTable || !Object.hasOwn(field, inside[0] ?? "")) return others;
  return { ...others, [name]: without(field, inside) };
}

/** The names that the message of an OptionError begins with: `option perKey.calls: …`. */
export function optionPath(message: string): readonly string[] {
  const [, path] = /^(?:unknown )?option "?([\w.[\]]+)"?/.exec(message) ?? [];
  const [, limit] = /^unknown limit "(\w+)"|^limits\.(\w+) /.exec(message) ?? [];
  if (limit !== undefined) return ["limits", limit];
  return path?.split(/[.[\]]+/).filter(Boolean) ?? [];
}
