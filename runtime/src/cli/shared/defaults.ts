import { LISTEN_DEFAULTS } from "../../ssh/server/listen-options.js";

/** The defaults that `serve` and `keys` share. */
export const DEFAULTS = { home: ".sshrpc", host: LISTEN_DEFAULTS.host, port: LISTEN_DEFAULTS.port } as const;
