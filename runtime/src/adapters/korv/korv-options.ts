/** Bounds of each korv channel of a server. */
export interface KorvLimits {
  /** Requests that are answered at the same time; further ones wait to be read. Default: 64. */
  readonly calls: number;
  /** Bytes of one request as it travels. Over it: the channel ends. Default: 1 MiB. */
  readonly compressed: number;
  /** Bytes of one request as JSON. Over it: the channel ends. Default: 4 MiB. */
  readonly decompressed: number;
  /** Milliseconds that a client has to make room for an answer. Over it: the channel ends. Default: 10,000. */
  readonly sendTimeout: number;
}

/** Whether a server answers clients of the Python framework korv. */
export interface KorvOptions {
  /**
   * Takes what peers ask to have forwarded (direct-tcpip), to any destination that is not allowed for forwarding, for the
   * wire of korv; `true` with the default limits. Default: false.
   */
  readonly korv?: boolean | Partial<KorvLimits>;
}

/** See {@link KorvLimits} for what each means. */
const DEFAULT_LIMITS: KorvLimits = {
  calls: 64,
  compressed: 1024 * 1024,
  decompressed: 4 * 1024 * 1024,
  sendTimeout: 10_000,
};

/**
 * The limits to serve korv with; undefined where it is not served.
 * @throws Error that names an option and its value where it is no positive whole number
 */
export function korvLimits(korv: KorvOptions["korv"]): KorvLimits | undefined {
  if (korv === undefined || korv === false) return undefined;
  const given = korv === true ? {} : korv;
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) {
      throw new Error(`korv.${name} is no limit; there are ${Object.keys(DEFAULT_LIMITS).join(", ")}`);
    }
    if (!Number.isSafeInteger(value) || value < 1 || value > 0x7fff_ffff) {
      throw new Error(`korv.${name} is ${value}; it must be a whole number from 1 to 2147483647`);
    }
  }
  return { ...DEFAULT_LIMITS, ...given };
}
