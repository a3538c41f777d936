/** The four verbs of the contract, in the order in which documents list them. */
export const VERBS = ["GET", "STORE", "UPDATE", "DELETE"] as const;

/**
 * The effect of a method on its resource: GET reads, STORE adds, UPDATE changes, DELETE removes.
 * GET, UPDATE and DELETE are idempotent unless the schema says otherwise; STORE is not.
 */
export type Verb = (typeof VERBS)[number];

/** Whether `text` is one of the four verbs, in uppercase. */
export function isVerb(text: string): text is Verb {
  return (VERBS as readonly string[]).includes(text);
}

/** Whether methods of this verb are idempotent by default. */
export function isIdempotent(verb: Verb): boolean {
  return verb !== "STORE";
}
