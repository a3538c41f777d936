/** The longest duration that a timer of Node takes, in milliseconds: 24.8 days. */
export const MAX_TIMEOUT = 2 ** 31 - 1;
