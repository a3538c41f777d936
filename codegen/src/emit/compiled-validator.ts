/** The code of one validator. */
export interface CompiledValidator {
  /** An expression for the function. It contains no imports and refers to other validators of the same file by name. */
  readonly code: string;
  /** The helpers that the code uses, to be imported from `sshrpc/generated`. */
  readonly helpers: readonly string[];
  /** Whether ajv wrote the code, which linters reject. */
  readonly byAjv?: true;
}
