import { userInfo } from "node:os";
import { errorMessage } from "../base/error-message.js";
import { formatHostPort } from "../base/net/host-port.js";
import { combineObservers } from "../base/observer/combine-observers.js";
import type { Observer } from "../base/observer/observer.js";
import { isKeyText } from "../base/printable.js";
import { VERSION } from "../base/version.js";
import { watchErrors } from "../compose/handle-rejections.js";
import { type Server, serveHandlers } from "../compose/serve.js";
import type { ServeOptions } from "../compose/serve-options.js";
import type { Api } from "../contract/method.js";
import { openLogOf } from "../observe/open-log.js";
import { SIGNAL_GRACE } from "../server/check-grace.js";
import { knownHostsName } from "../ssh/keys/lists/known-hosts.js";
import { atSource } from "./config/at-source.js";
import { ConfigReload } from "./config/config-reload.js";
import type { Settings } from "./config/settings.js";
import { followFolder } from "./handler-folder/follow-folder.js";
import { loadHandlers } from "./load-handlers.js";
import { openMetrics } from "./metrics-port.js";
import {
  adapterFlags,
  auditFlags,
  ledgerFlags,
  logFlags,
  otherOptions,
  SERVE_FILE_OPTIONS,
  type ServeFlags,
} from "./serve-flags.js";
import { DEFAULTS, LAST_GRACE } from "./shared/defaults.js";
import { type Home, homeFiles, prepareHome } from "./shared/home.js";
import { type CliIo, hasTerminal, pathOf, stopSignal } from "./shared/io.js";

/** The options of the server, and how later ones are checked. */
interface PortSettings {
  readonly settings: Settings;
  /** @throws UsageError */
  readonly checkSettings: (settings: Settings) => void;
}

/**
 * `sshrpc serve`: listens on a port until SIGINT or SIGTERM, then shuts down gracefully. So it does after an error that belongs to
 * no call, and ends with exit status 1. At SIGHUP it reads its configuration again; if it was started at a terminal, SIGHUP means that the
 * terminal was closed, and it shuts down, too.
 */
export async function serveOnPort(given: PortSettings, io: CliIo): Promise<void> {
  // From here on: a reload that is asked for while the server starts must not end it.
  const hangup = onHangup(io);
  try {
    await serveUntilStopped(given, hangup, io);
  } finally {
    hangup.stop();
  }
}

async function serveUntilStopped({ settings, checkSettings }: PortSettings, hangup: Hangup, io: CliIo): Promise<void> {
  const flags = flagsOf(settings);
  const { api, folder, ...handlers } = await loadHandlers(flags, io);
  await using log = await openLogOf(io, logFlags(flags, io));
  const home = hasOwnFiles(flags) ? undefined : await prepareHome(pathOf(io, flags.home));
  const options = optionsOf(flags, io, home);
  const metrics = await openMetrics(flags.metrics, log);
  let cut = 0;
  const ended: Observer = {
    serverEnded: ({ calls }) => {
      cut = calls;
    },
  };
  const observers = [metrics.observer, ...[options.observer ?? []].flat()];
  const server = await serveHandlers({ api, ...handlers }, { ...options, observer: [...observers, ended], log }).catch(
    async (error: unknown) => {
      await metrics.close();
      const failure = await atSource(error, settings, { handlers: { api, ...handlers }, options });
      // Standard error gets it in any case.
      if (flags.log !== undefined) log.error({ reason: errorMessage(failure) }, "the server could not start");
      throw failure;
    },
  );
  const start = performance.now();
  log.info({ address: formatHostPort(server.host, server.port), version: VERSION }, "the server listens");
  const reload = new ConfigReload({
    ...{ server, log, settings, observer: combineObservers(observers, log) },
    optionsOf: (next) => {
      checkSettings(next);
      const nextFlags = flagsOf(next);
      return optionsOf(nextFlags, io, homeFiles(pathOf(io, nextFlags.home)));
    },
    handlers: { api, ...handlers },
  });
  hangup.onReload(() => void reload.run());
  const unfollow = folder && followFolder(folder, log, io);
  let hasFailed = false;
  let unwatch = (): void => {};
  const failed = new Promise<undefined>((resolve) => {
    unwatch = watchErrors(io, log, () => {
      hasFailed = true;
      resolve(undefined);
    });
  });
  io.stdout.write(introduction(api, server, flags, keysOf(options)));
  const signal = await stopSignal(io, Promise.race([failed, hangup.closed]));
  hangup.onReload(undefined);
  unfollow?.();
  const { grace = SIGNAL_GRACE, shutdownDelay = 0 } = flagsOf(reload.settings);
  if (signal !== undefined) log.info({ signal, grace }, "the server drains and ends");
  // Nothing more is served after an error that belongs to no call.
  const delay = hasFailed ? 0 : shutdownDelay;
  await server.close({ delay, grace });
  await metrics.close();
  const why = signal ?? "an error outside of a call";
  const ms = Math.round(performance.now() - start);
  log.info({ reason: why, exitCode: hasFailed ? 1 : 0, cut, ms }, "the server has ended");
  if (hasFailed) io.exit(1);
  // A timer or connection of a handler must not keep the process alive.
  setTimeout(() => io.exit(0), LAST_GRACE).unref();
  unwatch();
}

function flagsOf({ values }: Settings): ServeFlags {
  return values as unknown as ServeFlags;
}

/** What SIGHUP does. */
interface Hangup {
  /** Resolves when the terminal is closed. */
  readonly closed: Promise<"SIGHUP">;
  /** Sets what happens without a controlling terminal; undefined for nothing, as at first. */
  onReload(reload: (() => void) | undefined): void;
  /** Removes the listener. */
  stop(): void;
}

/** Listens to SIGHUP, and to SIGUSR1, which always reloads. A shell and the system may each send one for a closed terminal: further ones do nothing. */
function onHangup(io: CliIo): Hangup {
  const isTerminal = hasTerminal(io);
  let onReload: (() => void) | undefined;
  const reload = (): void => onReload?.();
  let listener = reload;
  const closed = new Promise<"SIGHUP">((resolve) => {
    if (isTerminal) listener = () => resolve("SIGHUP");
  });
  io.on("SIGHUP", listener);
  // Without a listener, Node opens a port for its debugger.
  io.on("SIGUSR1", reload);
  return {
    closed,
    onReload: (reload) => {
      onReload = reload;
    },
    stop: () => {
      io.off("SIGHUP", listener);
      io.off("SIGUSR1", reload);
    },
  };
}

/** Whether no file of the home is used. */
function hasOwnFiles({ hostKey, authorizedKeys }: ServeFlags): boolean {
  return hostKey !== undefined && authorizedKeys !== undefined;
}

/** The options of the server for the flags. @param home the files for what flags do not name */
export function optionsOf(flags: ServeFlags, io: CliIo, home: Home | undefined): ServeOptions {
  const path = (name: string): string => pathOf(io, name);
  const { authorizedKeys = home?.authorizedKeys as string, revokedKeys } = flags;
  return {
    ...otherOptions(flags, SERVE_FILE_OPTIONS),
    host: flags.listen,
    port: flags.port,
    hostKeys: [flags.hostKey ?? (home?.hostKey as string)]
      .flat()
      .map((key) => (typeof key === "string" ? path(key) : key)),
    authorizedKeys: isFiles(authorizedKeys) ? eachFile(authorizedKeys, path) : authorizedKeys,
    ...(revokedKeys !== undefined && { revokedKeys: eachFile(revokedKeys, path) }),
    korv: flags.korv ?? false,
    ...adapterFlags(flags),
    ...auditFlags(flags, io),
    ...ledgerFlags(flags, io),
  };
}

function eachFile(files: string | readonly string[], path: (name: string) => string): string | readonly string[] {
  return typeof files === "string" ? path(files) : files.map(path);
}

function isFiles(keys: NonNullable<ServeOptions["authorizedKeys"]>): keys is string | readonly string[] {
  return typeof keys === "string" || Array.isArray(keys);
}

/** The authorized keys of a server, for people. */
function keysOf({ authorizedKeys }: ServeOptions): string {
  if (authorizedKeys === undefined || !isFiles(authorizedKeys)) return "those of the config file";
  return [authorizedKeys].flat().join(", ");
}

function introduction(api: Api, server: Server, flags: ServeFlags, authorizedKeys: string): string {
  const { host, port, hostKeys } = server;
  const name = host === "0.0.0.0" || host === "::" ? "localhost" : host;
  const { username } = userInfo();
  const first = `${api.name} ${api.version} listens on ${formatHostPort(host, port)}\n`;
  if (flags.brief) return first;
  return `${first}${server.fingerprints.map((fingerprint) => `  host key         ${fingerprint}\n`).join("")}  authorized keys  ${authorizedKeys}

To authorize a key and trust this server:
  npx sshrpc keys add ~/.ssh/id_ed25519.pub --scopes "*"${placeFlags(flags, name, port)}
  echo "${knownHostsName(name, port)} ${hostKeys[0]}" >> ~/.ssh/known_hosts
To call a method:
  npx sshrpc call ssh://${username}@${formatHostPort(name, port)} ${example(api)}
${flags.exec ? `  ssh -p ${port} ${username}@${name} help\n` : ""}`;
}

/** The flags of `sshrpc keys add` for this server, without those that have their default value. */
function placeFlags({ home, hostKey, authorizedKeys }: ServeFlags, host: string, port: number): string {
  const flags: [string, string | number | undefined, string | number][] = [
    ["home", home, DEFAULTS.home],
    ["authorized-keys", firstFile(authorizedKeys), ""],
    ["host-key", firstFile(hostKey), ""],
    ["host", host, DEFAULTS.host],
    ["port", port, DEFAULTS.port],
  ];
  return (
    flags
      // A key passed as text is not printed.
      .filter(([, value, assumed]) => value !== undefined && value !== assumed && !isKeyText(String(value)))
      .map(([flag, value]) => ` --${flag} ${/^[\w./:-]+$/.test(String(value)) ? value : JSON.stringify(value)}`)
      .join("")
  );
}

/** The file of an option that takes several, and other sources. */
function firstFile(source: unknown): string | undefined {
  const [first] = [source].flat();
  return typeof first === "string" ? first : undefined;
}

/** An example call: the first GET without path parameters, scope or required fields. */
function example({ methods }: Api): string {
  const simple = methods.find(
    ({ kind, verb, path, scope, request }) =>
      kind === "unary" && verb === "GET" && !path.includes("{") && scope === undefined && request({}),
  );
  return simple?.id ?? "VERB PATH JSON";
}
