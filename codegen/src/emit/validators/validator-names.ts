/** How a validator treats unknown properties. */
export type Variant =
  /** It accepts them, so that an older peer can talk to a newer one. */
  | "open"
  /** It rejects them. */
  | "closed"
  /** It accepts them at its top level, where the enclosing schema rejects them; nested objects are closed. */
  | "part";

const SUFFIX: Readonly<Record<Variant, string>> = { open: "Open", closed: "Closed", part: "Part" };

/** The name of the validator of a type: `noteClosed` for `Note`. It is unique for each type and variant. */
export function validatorName(typeName: string, variant: Variant): string {
  return typeName.slice(0, 1).toLowerCase() + typeName.slice(1) + SUFFIX[variant];
}
