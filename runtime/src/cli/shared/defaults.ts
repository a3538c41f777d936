/** What the commands assume where nothing is said: they agree, so that `keys add` knows what `serve` does. */
export const DEFAULTS = { home: ".sshrpc", host: "127.0.0.1", port: 8022 } as const;
