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

/** The values of {@link ImportExtension}. */
export const IMPORT_EXTENSIONS: readonly ImportExtension[] = ["js", "ts", "none"];

/** Whether `value` is one of {@link IMPORT_EXTENSIONS}. */
export function isImportExtension(value: unknown): value is ImportExtension {
  return (IMPORT_EXTENSIONS as readonly unknown[]).includes(value);
}
