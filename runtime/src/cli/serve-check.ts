import { lookup } from "node:dns/promises";
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { isIP } from "node:net";
import { networkInterfaces, userInfo } from "node:os";
import { dirname, resolve } from "node:path";
import { errorMessage } from "../base/error-message.js";
import { printable } from "../base/printable.js";
import { checkServer, type ServerProblem } from "../compose/check-server.js";
import { SERVE_STDIO_OPTIONS, type ServeOptions } from "../compose/serve-options.js";
import { checkLog } from "../observe/open-log.js";
import { redactText } from "../observe/redact.js";
import type { ApiHandlers } from "../server/api-handlers.js";
import { placedProblem } from "./config/at-source.js";
import type { Settings } from "./config/settings.js";
import { loadHandlers } from "./load-handlers.js";
import { checkMetrics } from "./serve/metrics-port.js";
import { optionsOf } from "./serve/port-options.js";
import { adapterFlags, auditFlags, logFlags, otherOptions, type ServeFlags } from "./serve/serve-flags.js";
import { type Home, homeFiles } from "./shared/home.js";
import { type CliIo, pathOf } from "./shared/io.js";

/** What is checked. */
interface CheckedCommand {
  readonly settings: Settings;
  /** @throws UsageError with all options that contradict each other */
  readonly checkSettings: (settings: Settings) => void;
  /** An argument that the command does not take. */
  readonly excess: string | undefined;
}

/** What is wrong, one line each. */
class Findings {
  readonly errors: string[];
  readonly warnings: string[] = [];
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.errors = [...settings.problems];
  }

  /** Adds a problem, with the place of its option. */
  add({ level, path, message }: ServerProblem): void {
    const line = placedProblem({ path, message }, this.#settings);
    (level === "error" ? this.errors : this.warnings).push(line);
  }

  /** Adds each line of the error that a check of an option throws. */
  async check(option: string, check: () => unknown): Promise<void> {
    try {
      await check();
    } catch (error) {
      for (const message of errorMessage(error).split("\n")) this.add({ level: "error", path: [option], message });
    }
  }
}

/** Milliseconds for open handles of the handlers to close after the check. */
const LAST_GRACE = 200;

/**
 * `sshrpc serve --check`: prints all that would keep the server from starting, as `sshd -t` does. It loads the handlers and reads each file, and
 * opens no port, no log and no audit log.
 * @throws Error with all problems, one in each line
 */
export async function checkServe({ settings, checkSettings, excess }: CheckedCommand, io: CliIo): Promise<void> {
  const found = new Findings(settings);
  if (settings.fault !== undefined) found.errors.push(settings.fault.message);
  if (excess !== undefined) found.errors.push(`unexpected argument ${printable(JSON.stringify(excess))}`);
  await found.check("", () => checkSettings(settings));
  checkOwner(settings.file, found, io);
  const flags = settings.values as unknown as ServeFlags;
  await found.check("log", () => checkLog(logFlags(flags, io)));
  let handlers: ApiHandlers | undefined;
  await found.check("handlers", async () => {
    if (flags.handlers === undefined) throw new Error("--handlers: missing; name the module of the handlers");
    const { folder, ...loaded } = await loadHandlers(flags, io);
    found.warnings.push(...(folder?.problems ?? []));
    handlers = loaded;
  });
  const problems = flags.stdio ? await checkStdio(flags, handlers, io) : await checkPort(flags, handlers, found, io);
  for (const problem of problems) found.add(problem);
  for (const line of new Set(found.warnings))
    io.stderr.write(`sshrpc: warning: ${printable(redactText(line), 2000)}\n`);
  // A timer or connection of a handler must not keep the process alive.
  setTimeout(() => io.exit(), LAST_GRACE).unref();
  if (found.errors.length > 0) throw new Error([...new Set(found.errors)].join("\n"));
  const { name, version } = (handlers as ApiHandlers).api;
  io.stdout.write(`${name} ${version}: the configuration is valid\n`);
}

/** The users who may write the config file decide who may log in, and which code runs. */
function checkOwner(file: string | undefined, { errors, warnings }: Findings, io: CliIo): void {
  const stats = file === undefined ? undefined : statSync(resolve(io.cwd(), file), { throwIfNoEntry: false });
  const { uid } = userInfo();
  // -1 on Windows, which has no modes.
  if (stats === undefined || uid === -1) return;
  const mode = (stats.mode & 0o777).toString(8).padStart(4, "0");
  if ((stats.mode & 0o002) !== 0) errors.push(`${file}: every user may write it (mode ${mode}); run chmod o-w on it`);
  if (stats.uid !== 0 && stats.uid !== uid) {
    warnings.push(`${file}: belongs to the user ${stats.uid}, who decides with it who may log in and which code runs`);
  }
}

function checkStdio(flags: ServeFlags, handlers: ApiHandlers | undefined, io: CliIo): Promise<ServerProblem[]> {
  const { scopes } = flags;
  const options = {
    ...otherOptions(flags, SERVE_STDIO_OPTIONS),
    ...adapterFlags(flags),
    ...auditFlags(flags, io),
    ...(scopes !== undefined && { scopes }),
  };
  return checkServer({ handlers, options, isStdio: true });
}

async function checkPort(
  flags: ServeFlags,
  handlers: ApiHandlers | undefined,
  found: Findings,
  io: CliIo,
): Promise<ServerProblem[]> {
  const home = homeFiles(pathOf(io, flags.home));
  const options: Partial<ServeOptions> = optionsOf(flags, io, home);
  await found.check("listen", () => checkAddress(flags.listen));
  await found.check("metrics", () => checkMetrics(flags));
  return checkServer({ handlers, options: await withoutCreated(options, flags, { home, found, io }) });
}

/** Where the files of a first start are. */
interface FirstStart {
  readonly home: Home;
  readonly found: Findings;
  readonly io: CliIo;
}

/** Without the files of the home that a start creates; it must be able to. */
async function withoutCreated(
  options: Partial<ServeOptions>,
  flags: ServeFlags,
  { home, found, io }: FirstStart,
): Promise<Partial<ServeOptions>> {
  const { hostKeys, ...others } = options;
  const isNew = {
    hostKey: flags.hostKey === undefined && !existsSync(home.hostKey),
    authorizedKeys: flags.authorizedKeys === undefined && !existsSync(home.authorizedKeys),
  };
  if (isNew.hostKey || isNew.authorizedKeys) {
    const directory = existingParent(resolve(io.cwd(), home.hostKey));
    await found.check("home", () => accessSync(directory, constants.W_OK | constants.X_OK));
  }
  return {
    ...others,
    ...(!isNew.hostKey && hostKeys !== undefined && { hostKeys }),
    ...(isNew.authorizedKeys && { authorizedKeys: () => undefined }),
  };
}

function existingParent(path: string): string {
  const parent = dirname(path);
  return existsSync(parent) ? parent : existingParent(parent);
}

/** Whether this machine has the address to listen on. A port that is in use is not noticed: none is opened. */
async function checkAddress(listen: string): Promise<void> {
  const name = printable(listen, 60);
  if (isIP(listen) === 0) {
    await lookup(listen).catch(() => {
      throw new Error(`--listen ${name}: unknown host name`);
    });
    return;
  }
  const isKnown =
    /^127\.|^0\.0\.0\.0$|^[0:]*:[01]?$/.test(listen) ||
    Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === listen));
  if (!isKnown) throw new Error(`--listen ${name}: this machine does not have this address`);
}
