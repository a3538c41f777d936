import { InvalidArgumentError } from "commander";
import { readPort } from "../../base/host-port.js";

/** Reads a port from 0 to 65535. */
export function parsePort(text: string): number {
  const port = readPort(text);
  if (port === undefined) throw new InvalidArgumentError("It is a number from 0 to 65535.");
  return port;
}
