import { OptionError } from "../../base/check-options.js";
import { wrongNumber } from "../../base/wrong-type.js";

/** Limits of each korv channel of a server. */
export interface KorvLimits {
  /** Concurrent requests; further ones wait in the channel's window. Default: 64. */
  readonly calls: number;
  /** Bytes of one request, compressed. A larger one closes the channel. Default: 1 MiB. */
  readonly compressed: number;
  /** Bytes of one request, as JSON. A larger one closes the channel. Default: 4 MiB. */
  readonly decompressed: number;
  /** Timeout in ms for a client to make room for a response. Over it, the channel closes. Default: 10,000. */
  readonly sendTimeout: number;
}

/** Options of the korv adapter. */
export interface KorvOptions {
  /**
   * Serves clients of the Python framework korv: every direct-tcpip channel that `forwarding` does not permit speaks korv's
   * protocol. `true` for the default limits. Default: false.
   */
  readonly korv?: boolean | Partial<KorvLimits>;
}

/** Options of a client that calls a korv server. */
export interface KorvClientOptions {
  /** Maps a path, such as `/notes/42`, to the server's name of the resource. Default: the path itself. */
  readonly mapPath?: (path: string) => string;
  /** Timeout in ms for the server to make room for a request. Over it: UNAVAILABLE. Default: 30,000. */
  readonly sendTimeout?: number;
}

/** See {@link KorvClientOptions.sendTimeout}. */
export const KORV_SEND_TIMEOUT = 30_000;

const DEFAULT_LIMITS: KorvLimits = {
  calls: 64,
  compressed: 1024 * 1024,
  decompressed: 4 * 1024 * 1024,
  sendTimeout: 10_000,
};

/**
 * The limits of the korv adapter; undefined where the option disables it.
 * @throws OptionError that names an unknown limit or an invalid value
 */
export function korvLimits(korv: KorvOptions["korv"]): KorvLimits | undefined {
  if (korv === undefined || korv === false) return undefined;
  const given = korv === true ? {} : korv;
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) {
      throw new OptionError(`unknown limit "korv.${name}"; known limits: ${Object.keys(DEFAULT_LIMITS).join(", ")}`);
    }
    if (!Number.isSafeInteger(value) || value < 1 || value > 0x7fff_ffff) {
      throw new OptionError(`option korv.${name}: ${wrongNumber(value, "an integer from 1 to 2147483647")}`);
    }
  }
  return { ...DEFAULT_LIMITS, ...given };
}
