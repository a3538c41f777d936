/** What imports between generated files end in: `.js`, `.ts`, or nothing, for bundlers. */
export type ImportExtension = "js" | "ts" | "none";

/** What to generate, from what, into what. */
export interface GenerateOptions {
  /** What the other paths, and the files in messages, are relative to. Default: the working directory. */
  readonly cwd?: string;
  /** The schema module. Default: `schema/api.ts`. */
  readonly schema?: string;
  /** The folder for generated files. Default: `generated`. */
  readonly out?: string;
  /** Default: `js`, which is what Node and TypeScript resolve. */
  readonly importExtension?: ImportExtension;
  /** How long the schema module may await something before its run counts as failed, in milliseconds. Default: 10 s. */
  readonly loadTimeout?: number;
}

/** The values of {@link ImportExtension}. */
export const IMPORT_EXTENSIONS: readonly ImportExtension[] = ["js", "ts", "none"];

/** Whether `value` is one of {@link IMPORT_EXTENSIONS}. */
export function isImportExtension(value: unknown): value is ImportExtension {
  return (IMPORT_EXTENSIONS as readonly unknown[]).includes(value);
}
