/** The result of `.safe()`: the response, or the error as a value of its declared type. */
export type Result<Value, Failure> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: Failure };
