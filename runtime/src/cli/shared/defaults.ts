import { LISTEN_ADDRESS } from "../../base/net/host-port.js";

/** The defaults that `serve` and `keys` share. */
export const DEFAULTS = { home: ".sshrpc", ...LISTEN_ADDRESS } as const;
