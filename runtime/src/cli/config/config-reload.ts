import { isDeepStrictEqual } from "node:util";
import { errorMessage, toError } from "../../base/error-message.js";
import type { Logger } from "../../base/log.js";
import type { Observer } from "../../base/observer/observer.js";
import { printable } from "../../base/printable.js";
import type { Server } from "../../compose/serve.js";
import { RELOADABLE, type ServeOptions } from "../../compose/serve-options.js";
import type { ApiHandlers } from "../../server/api-handlers.js";
import { atSource } from "./at-source.js";
import type { Settings } from "./settings.js";

/** A running server, and where its options come from. */
interface ReloadConfig {
  readonly server: Pick<Server, "reload">;
  readonly log: Logger & { reopen?(): void };
  /** Receives a reload that fails before the server does. */
  readonly observer: Pick<Observer, "configurationReloaded">;
  /** The settings at the start. */
  readonly settings: Settings;
  /** Checks settings, and makes the options of a server of them. */
  readonly optionsOf: (settings: Settings) => ServeOptions;
  readonly handlers: ApiHandlers<unknown>;
}

/** Options of the command that are taken beside those of a server. */
const TAKEN: readonly string[] = ["grace", "shutdownDelay", "logLevel"];

/** Reads the options of a running server again. */
export class ConfigReload {
  readonly #config: ReloadConfig;
  #settings: Settings;
  #running: Promise<void> | undefined;
  #isAsked = false;

  constructor(config: ReloadConfig) {
    this.#config = config;
    this.#settings = config.settings;
  }

  /** The settings in force. */
  get settings(): Settings {
    return this.#settings;
  }

  /** Reads the config file again; once more where it is asked while it does. Never rejects: the log has what changed, or what failed. */
  run(): Promise<void> {
    this.#isAsked = true;
    this.#running ??= this.#runAll().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #runAll(): Promise<void> {
    while (this.#isAsked) {
      this.#isAsked = false;
      await this.#reload();
    }
  }

  async #read(): Promise<readonly [Settings, ServeOptions]> {
    const { optionsOf, observer } = this.#config;
    try {
      const settings = await this.#settings.again();
      return [settings, optionsOf(settings)];
    } catch (error) {
      observer.configurationReloaded?.({ error: toError(error) });
      throw error;
    }
  }

  async #reload(): Promise<void> {
    const { server, log, handlers, settings: atStart } = this.#config;
    const before = this.#settings;
    log.reopen?.();
    try {
      const [settings, options] = await this.#read();
      await server.reload(options).catch(async (error: unknown) => {
        throw await atSource(error, settings, { handlers, options });
      });
      this.#settings = settings;
      const isTaken = (name: string): boolean => RELOADABLE.includes(name) || TAKEN.includes(name);
      const taken = changedOptions(before.values, settings.values).filter(isTaken);
      // The server still runs with those of its start, however often it has reloaded.
      const others = changedOptions(atStart.values, settings.values).filter((name) => !isTaken(name));
      const { logLevel } = settings.values;
      if (typeof logLevel === "string") setLevel(log, logLevel);
      log.info({ file: settings.file, changed: taken }, "configuration reloaded");
      if (others.length > 0) log.warn({ options: others }, "restart the server for changes of these options");
    } catch (error) {
      const reason = printable(errorMessage(error).split("\n").join("; "), 2000);
      log.error({ reason }, "configuration not reloaded; the last one stays in force");
    }
  }
}

/** Loggers have a property or a method for it. */
function setLevel(log: Logger & { level?: string; setLevel?: (level: string) => void }, level: string): void {
  if (log.setLevel !== undefined) log.setLevel(level);
  else if (log.level !== undefined) log.level = level;
}

type Values = Readonly<Record<string, unknown>>;

/** The names of options whose values differ; for `limits` those of its fields: `limits.calls`. */
function changedOptions(before: Values, after: Values): readonly string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = names.flatMap((name) => {
    if (isDeepStrictEqual(comparable(before[name]), comparable(after[name]))) return [];
    if (name !== "limits") return [name];
    return changedOptions((before[name] ?? {}) as Values, (after[name] ?? {}) as Values).map((one) => `limits.${one}`);
  });
  return changed.sort();
}

/** A config file of code makes its functions anew. */
function comparable(value: unknown): unknown {
  if (typeof value === "function") return String(value);
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, comparable(field)]));
}
