import type { Command } from "commander";
import type { ConfigOption } from "./config-options.js";

/** The value of an option, and where it is from. */
export interface Setting {
  readonly option: ConfigOption;
  readonly value: unknown;
  readonly source: "flag" | "environment" | "file" | "default";
  /** For messages: `--port`, `SSHRPC_PORT`, `sshrpc.config.json:3:5` or `default`. */
  readonly from: string;
  /** The place of a value inside of it, by its names; absent where that is `from`. */
  readonly placeOf?: (path: readonly string[]) => string;
}

/** The options of one run of a command, from all sources. */
export class Settings {
  /** The config file, as messages name it. */
  readonly file: string | undefined;
  /** Variables that are set and have no effect, because sshd has started the process. */
  readonly ignored: readonly string[];
  /** Why the config file is invalid, where the command reports it itself: the client of sshd should get a reason. */
  readonly fault: Error | undefined;
  /** What is wrong with single values, one line each; none of them is set. Only where the command lists all problems itself. */
  readonly problems: readonly string[];
  /** Reads the config file again. @throws UsageError with all problems */
  readonly again: () => Promise<Settings>;
  readonly #settings: ReadonlyMap<string, Setting>;

  constructor(
    settings: readonly Setting[],
    source: Partial<Pick<Settings, "file" | "ignored" | "fault" | "problems" | "again">> = {},
  ) {
    this.#settings = new Map(settings.map((setting) => [setting.option.key, setting]));
    this.file = source.file;
    this.ignored = source.ignored ?? [];
    this.fault = source.fault;
    this.problems = source.problems ?? [];
    this.again = source.again ?? (async () => this);
  }

  /** In the order of the help of the command. */
  get all(): readonly Setting[] {
    return [...this.#settings.values()];
  }

  /** The values that are set, by key, as commander gives those of flags. */
  get values(): Readonly<Record<string, unknown>> {
    const set = this.all.filter(({ value }) => value !== undefined);
    return Object.fromEntries(set.map(({ option, value }) => [option.key, value]));
  }

  /** An option that is set, other than by its default. */
  given(key: string): Setting | undefined {
    const setting = this.#settings.get(key);
    return setting?.source === "default" ? undefined : setting;
  }
}

const known = new WeakMap<Command, Settings>();

/** Keeps the settings of a command for its action. */
export function keepSettings(command: Command, settings: Settings): void {
  known.set(command, settings);
}

/** The settings of the command that runs; without a config file and variables where they were not resolved. */
export function settingsOf(command: Command): Settings {
  return known.get(command) ?? new Settings([]);
}

type Check = (settings: Settings) => void;
const checks = new WeakMap<Command, Check>();

/** Sets what a command rejects beside single values: options that contradict each other. */
export function keepCheck(command: Command, check: Check): void {
  checks.set(command, check);
}

/** Why the options of a command contradict each other, if they do. */
export function contradictionOf(command: Command, settings: Settings): unknown {
  try {
    checks.get(command)?.(settings);
    return undefined;
  } catch (error) {
    return error;
  }
}
