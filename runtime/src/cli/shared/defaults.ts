/** The defaults that `serve` and `keys` share. */
export const DEFAULTS = { home: ".sshrpc", host: "127.0.0.1", port: 8022 } as const;
