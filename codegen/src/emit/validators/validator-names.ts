/** What a validator does with properties that its schema does not name. */
export type Variant =
  /** It lets them pass, so that an older peer meets a newer one. */
  | "open"
  /** It refuses them. */
  | "closed"
  /** It lets them pass itself, and what stands around it refuses what no part names; deeper inside it is closed. */
  | "part";

const SUFFIX: Readonly<Record<Variant, string>> = { open: "Open", closed: "Closed", part: "Part" };

/** The validator of a type: `noteClosed` of `Note`. Two different types or variants never share one. */
export function validatorName(typeName: string, variant: Variant): string {
  return typeName.slice(0, 1).toLowerCase() + typeName.slice(1) + SUFFIX[variant];
}
