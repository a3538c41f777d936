import type { Method } from "./method.js";

/** The header with the idempotency key of a call. */
export const IDEMPOTENCY_KEY = "idempotency-key";

/** The header with the numbers of earlier made keys of the same client whose outcomes it has: comma separated. */
export const IDEMPOTENCY_DONE = "idempotency-done";

/**
 * The header of a call with a key whose request stream can be sent from an offset: `first` where it begins at once, `again` where it waits
 * for {@link UPLOAD_OFFSET}.
 */
export const RESUME_UPLOAD = "resume-upload";

/** The response header with the offset that a caller sends its request stream from: bytes of raw bytes, otherwise items. */
export const UPLOAD_OFFSET = "upload-offset";

/**
 * The trailer of a call with a key that its server has stopped, with UNAVAILABLE, before its handler has ended: the ledger knows the outcome
 * later, or runs the call again.
 */
export const IDEMPOTENCY_PENDING = "idempotency-pending";

/** Numbers in one header {@link IDEMPOTENCY_DONE}. */
export const MAX_DONE = 64;

const KEY = /^[\x20-\x7e]{1,255}$/;

/** Whether a text may be an idempotency key: 1 to 255 printable ASCII characters. */
export function isIdempotencyKey(text: string): boolean {
  return KEY.test(text);
}

/**
 * Whether calls of a method may have an idempotency key: one that is not idempotent. The ledger keeps no items, so a method with a
 * response stream has none.
 */
export function takesIdempotencyKey({
  idempotent,
  responseItem,
}: Pick<Method, "idempotent" | "responseItem">): boolean {
  return !idempotent && responseItem === undefined;
}
