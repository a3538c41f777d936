import { resolve } from "node:path";
import { InvalidOptionsError } from "./base/invalid-options-error.js";

/** The extension in imports between generated files: `.js`, `.ts`, or none, for bundlers. */
export type ImportExtension = "js" | "ts" | "none";

/** Options of a run. */
export interface GenerateOptions {
  /** The directory to which the other paths, and paths in messages, are relative. Default: the working directory. */
  readonly cwd?: string;
  /** The schema module. Default: `schema/api.ts`. */
  readonly schema?: string;
  /** The folder for generated files. Default: `generated`. */
  readonly out?: string;
  /** Default: `js`, which Node and TypeScript resolve. */
  readonly importExtension?: ImportExtension;
  /** The time limit for top-level awaits of the schema module, in ms. Default: 10000. */
  readonly loadTimeout?: number;
}

/** See {@link GenerateOptions.loadTimeout}. */
export const LOAD_TIMEOUT = 10_000;

const OPTIONS: Readonly<Record<keyof GenerateOptions, true>> = {
  cwd: true,
  schema: true,
  out: true,
  importExtension: true,
  loadTimeout: true,
};

/**
 * Checks that every option is a known one, and has a valid value.
 * @throws InvalidOptionsError that names the option
 */
export function checkGenerateOptions(options: GenerateOptions): void {
  checkNames(options, Object.keys(OPTIONS));
  const { importExtension = "js", loadTimeout = 1 } = options;
  if (!isImportExtension(importExtension)) throw invalidExtension(importExtension);
  if (!(loadTimeout > 0 && loadTimeout < 2 ** 31)) {
    throw new InvalidOptionsError(
      `option loadTimeout: ${loadTimeout} is not a number of ms over 0 that a timer accepts`,
    );
  }
}

/** The absolute paths of a run, and the ending of imports between generated files. */
export function resolveOptions({
  cwd = ".",
  schema = "schema/api.ts",
  out = "generated",
  importExtension = "js",
}: GenerateOptions): {
  readonly cwd: string;
  readonly schema: string;
  readonly out: string;
  readonly extension: string;
} {
  const folder = resolve(cwd);
  const extension = importExtension === "none" ? "" : `.${importExtension}`;
  return { cwd: folder, schema: resolve(folder, schema), out: resolve(folder, out), extension };
}

/** Checks the names of options. @param place where they are, such as a file and a colon. @throws InvalidOptionsError */
export function checkNames(options: object, known: readonly string[], place = ""): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new InvalidOptionsError(`${place}unknown option "${unknown}"; known options: ${known.join(", ")}`);
}

/** The error of an invalid import extension. @param place where it is, such as a file and a colon */
export function invalidExtension(value: unknown, place = ""): InvalidOptionsError {
  const known = IMPORT_EXTENSIONS.join(", ");
  return new InvalidOptionsError(`${place}invalid "importExtension" ${JSON.stringify(value)}; use one of ${known}`);
}

/** The values of {@link ImportExtension}. */
export const IMPORT_EXTENSIONS: readonly ImportExtension[] = ["js", "ts", "none"];

/** Whether `value` is one of {@link IMPORT_EXTENSIONS}. */
export function isImportExtension(value: unknown): value is ImportExtension {
  return (IMPORT_EXTENSIONS as readonly unknown[]).includes(value);
}
