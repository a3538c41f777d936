/** Bounds of one connection. Each side announces its own `message` and `calls` in its HELLO; the other keeps to them. */
export interface Limits {
  /**
   * Bytes of one request, response, or error as JSON, in either direction; of both sides' limits the smaller one holds.
   * Over it: MESSAGE_TOO_LARGE. Default: 4 MiB.
   */
  readonly message: number;
  /** Bytes of one call's metadata in one direction, as JSON. Default: 16 KiB. */
  readonly metadata: number;
  /** Calls that one side runs for the other at the same time. Over it: RESOURCE_EXHAUSTED. Default: 1,024. */
  readonly calls: number;
  /** Calls that a server runs at the same time, of all connections together. Over it: RESOURCE_EXHAUSTED. Default: 16,384. */
  readonly serverCalls: number;
  /** Calls that wait on the caller's side until the other can run them. Over it: RESOURCE_EXHAUSTED. Default: 65,536. */
  readonly queuedCalls: number;
  /** Bytes that the other side may send ahead of the consumer, in each stream that this side receives. Default: 256 KiB. */
  readonly window: number;
  /** Bytes by which the windows of a connection may grow together, where consumers keep up. Default: 16 MiB. */
  readonly windowGrowth: number;
  /** Bytes that may wait for the transport before the accepting side stops reading. Default: 1 MiB. */
  readonly sendHighWaterMark: number;
  /** Bytes that a login shell may print before the preamble. Default: 64 KiB. */
  readonly bytesBeforePreamble: number;
  /** Milliseconds until the other side's HELLO must have come. Default: 10,000. */
  readonly helloTimeout: number;
}

/** See {@link Limits} for what each means. */
export const DEFAULT_LIMITS: Limits = {
  message: 4 * 1024 * 1024,
  metadata: 16 * 1024,
  calls: 1024,
  serverCalls: 16_384,
  queuedCalls: 65_536,
  window: 256 * 1024,
  windowGrowth: 16 * 1024 * 1024,
  sendHighWaterMark: 1024 * 1024,
  bytesBeforePreamble: 64 * 1024,
  helloTimeout: 10_000,
};

/** Fills in the defaults. @throws Error that names an option and its value where it is no positive whole number. */
export function resolveLimits(limits: Partial<Limits> = {}): Limits {
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) throw new Error(`limits.${name} is no limit; there are ${names()}`);
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 1 || value > 0x7fff_ffff)) {
      throw new Error(`limits.${name} is ${value}; it must be a whole number from 1 to 2147483647`);
    }
  }
  const given = Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
  return { ...DEFAULT_LIMITS, ...given };
}

function names(): string {
  return Object.keys(DEFAULT_LIMITS).join(", ");
}
