import { resolve } from "node:path";
import { InvalidOptionsError } from "./base/invalid-options-error.js";

/** Options of a run. */
export interface GenerateOptions {
  /** The directory to which the other paths, and paths in messages, are relative. Default: the working directory. */
  readonly cwd?: string;
  /** The schema module. Default: `schema/api.ts`. */
  readonly schema?: string;
  /** The folder for generated files. Default: `generated`. */
  readonly out?: string;
  /**
   * Whether declarations have maps (`client.d.ts.map`), with which "go to definition" in editors leads to the schema. Default: true.
   */
  readonly declarationMap?: boolean;
  /** The time limit for top-level awaits of the schema module, in ms. Default: 10000. */
  readonly loadTimeout?: number;
}

/** See {@link GenerateOptions.loadTimeout}. */
export const LOAD_TIMEOUT = 10_000;

const OPTIONS: Readonly<Record<keyof GenerateOptions, true>> = {
  cwd: true,
  schema: true,
  out: true,
  declarationMap: true,
  loadTimeout: true,
};

/**
 * Checks that every option is a known one, and has a valid value.
 * @throws InvalidOptionsError that names the option
 */
export function checkGenerateOptions(options: GenerateOptions): void {
  checkNames(options, Object.keys(OPTIONS));
  const { declarationMap = true, loadTimeout = 1 } = options;
  if (typeof declarationMap !== "boolean") throw invalidDeclarationMap();
  if (!(loadTimeout > 0 && loadTimeout < 2 ** 31)) {
    throw new InvalidOptionsError(
      `option loadTimeout: ${loadTimeout} is not a number of ms over 0 that a timer accepts`,
    );
  }
}

/** The absolute paths of a run, and whether it writes maps. */
export function resolveOptions({
  cwd = ".",
  schema = "schema/api.ts",
  out = "generated",
  declarationMap = true,
}: GenerateOptions): {
  readonly cwd: string;
  readonly schema: string;
  readonly out: string;
  readonly declarationMap: boolean;
} {
  const folder = resolve(cwd);
  return { cwd: folder, schema: resolve(folder, schema), out: resolve(folder, out), declarationMap };
}

/** Checks the names of options. @param place where they are, such as a file and a colon. @throws InvalidOptionsError */
export function checkNames(options: object, known: readonly string[], place = ""): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new InvalidOptionsError(`${place}unknown option "${unknown}"; known options: ${known.join(", ")}`);
}

function invalidDeclarationMap(): InvalidOptionsError {
  return new InvalidOptionsError('"declarationMap" must be true or false');
}
