import { LISTEN_ADDRESS } from "../../base/net/host-port.js";

/** The defaults that `serve` and `keys` share. */
export const DEFAULTS = { home: ".sshrpc", ...LISTEN_ADDRESS } as const;

/** Timeout in ms of the import of a config file, or of each handlers file by default. */
export const LOAD_TIMEOUT = 10_000;

/** Time in ms for open handles of the handlers to close after a server has ended. */
export const LAST_GRACE = 5000;
