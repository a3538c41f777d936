import { errorMessage } from "../../base/error-message.js";
import { formatHostPort } from "../../base/net/host-port.js";
import { combineObservers } from "../../base/observer/combine-observers.js";
import type { Observer } from "../../base/observer/observer.js";
import { VERSION } from "../../base/version.js";
import { watchErrors } from "../../compose/handle-rejections.js";
import { type ServerPlace, serveHandlers } from "../../compose/serve.js";
import type { ServeOptions } from "../../compose/serve-options.js";
import { type OpenLog, openLogOf } from "../../observe/open-log.js";
import type { ApiHandlers } from "../../server/api-handlers.js";
import { SIGNAL_GRACE } from "../../server/check-grace.js";
import { atSource } from "../config/at-source.js";
import { ConfigReload } from "../config/config-reload.js";
import type { Settings } from "../config/settings.js";
import { followFolder } from "../handler-folder/follow-folder.js";
import type { HandlerFolder } from "../handler-folder/handler-folder.js";
import { LAST_GRACE } from "../shared/defaults.js";
import { homeFiles, prepareHome } from "../shared/home.js";
import { type CliIo, pathOf, stopSignal } from "../shared/io.js";
import type { Hangup } from "./hangup.js";
import { introduction } from "./introduction.js";
import type { MetricsPort } from "./metrics-port.js";
import { hasOwnFiles, optionsOf } from "./port-options.js";
import { logFlags, type ServeFlags } from "./serve-flags.js";

/** The options of the server, and how later ones are checked. */
export interface PortSettings {
  readonly settings: Settings;
  /** @throws UsageError */
  readonly checkSettings: (settings: Settings) => void;
  /** Loads the handlers of the flags. @throws UsageError */
  readonly loadHandlers: (flags: ServeFlags) => Promise<ApiHandlers & { readonly folder?: HandlerFolder }>;
}

/**
 * Milliseconds after a takeover in which connections that were accepted before it may log in: a client that has just begun to connect would be
 * refused, while one that is connected moves without losing a call.
 */
const LOGIN_DELAY = 3000;

/** What a server gets from its surroundings: a process of its own, or one of several. */
export interface Place extends ServerPlace {
  /** Opens the metrics of the server, if it has any. */
  openMetrics(log: OpenLog): Promise<MetricsPort>;
  /** The options of this process. */
  limit(options: ServeOptions): ServeOptions;
  /** The server listens. */
  listening(log: OpenLog, metrics: MetricsPort): Promise<Surroundings>;
  /** Prints what people read at the start. */
  introduce(text: string): void;
}

/** What happens around a server that listens. */
interface Surroundings {
  /** Resolves with the reason why the server has to end; undefined for never. */
  readonly ended?: Promise<EndReason> | undefined;
  /** Calls `reload` where the surroundings ask for it. */
  onReload?(reload: () => void): void;
  /** The server drains. */
  draining?(): void;
  /** The server has ended. */
  close(): Promise<void>;
}

/** Why a server ends: another process has its sockets, the processes end together, or the program that started it is gone. */
type EndReason = "takeover" | "primary" | "parent";

/**
 * Serves until SIGINT or SIGTERM, then shuts down gracefully. So it does after an error that belongs to no call, and ends with exit status 1.
 * At SIGHUP it reads its configuration again; if it was started at a terminal, SIGHUP means that the terminal was closed, and it shuts
 * down, too.
 */
export async function serveAt(
  place: Place,
  { settings, checkSettings, loadHandlers, hangup }: PortSettings & { readonly hangup: Hangup },
  io: CliIo,
): Promise<void> {
  const flags = flagsOf(settings);
  const { api, folder, ...handlers } = await loadHandlers(flags);
  await using log = await openLogOf(io, logFlags(flags, io));
  const home = hasOwnFiles(flags) ? undefined : await prepareHome(pathOf(io, flags.home));
  const options = place.limit(optionsOf(flags, io, home));
  const metrics = await place.openMetrics(log);
  let cut = 0;
  const counted: Observer = {
    serverEnded: ({ calls }) => {
      cut = calls;
    },
  };
  const observers = [metrics.observer, ...[options.observer ?? []].flat()];
  const server = await serveHandlers(
    { api, ...handlers },
    { ...options, observer: [...observers, counted], log },
    place,
  ).catch(async (error: unknown) => {
    await metrics.close();
    const failure = await atSource(error, settings, { handlers: { api, ...handlers }, options });
    // Standard error gets it in any case.
    if (flags.log !== undefined) log.error({ reason: errorMessage(failure) }, "the server could not start");
    throw failure;
  });
  const start = performance.now();
  log.info({ address: formatHostPort(server.host, server.port), version: VERSION }, "the server listens");
  const reload = new ConfigReload({
    ...{ server, log, settings, observer: combineObservers(observers, log) },
    optionsOf: (next) => {
      checkSettings(next);
      const nextFlags = flagsOf(next);
      return place.limit(optionsOf(nextFlags, io, homeFiles(pathOf(io, nextFlags.home))));
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
  const around = await place.listening(log, metrics).catch(async (error: unknown) => {
    // The sockets may be those of a server that goes on, and they would keep this process alive.
    await server.close({ grace: 0 });
    await metrics.close();
    throw error;
  });
  around.onReload?.(() => void reload.run());
  place.introduce(introduction(api, server, flags, options));
  const reasons = [failed, hangup.closed, ...(around.ended === undefined ? [] : [around.ended])];
  const signal = await stopSignal<string | undefined>(io, Promise.race(reasons));
  hangup.onReload(undefined);
  unfollow?.();
  const { grace = SIGNAL_GRACE, shutdownDelay = 0 } = flagsOf(reload.settings);
  if (signal !== undefined) log.info({ signal, grace }, "the server drains and ends");
  around.draining?.();
  // Nothing more is served after an error that belongs to no call.
  const delay = hasFailed ? 0 : signal === "takeover" ? LOGIN_DELAY : shutdownDelay;
  await server.close({ delay, grace });
  await metrics.close();
  await around.close();
  const why = signal ?? "an error outside of a call";
  const ms = Math.round(performance.now() - start);
  log.info({ reason: why, exitCode: hasFailed ? 1 : 0, cut, ms }, "the server has ended");
  if (hasFailed) io.exit(1);
  // A timer or connection of a handler must not keep the process alive.
  setTimeout(() => io.exit(0), LAST_GRACE).unref();
  unwatch();
}

/** The settings of `serve`, with their types. */
export function flagsOf({ values }: Settings): ServeFlags {
  return values as unknown as ServeFlags;
}
