import { InvalidArgumentError } from "commander";

/** Reads a port from 0 to 65535. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (port < 0 || port > 65_535) throw new InvalidArgumentError("It is a number from 0 to 65535.");
  return port;
}
