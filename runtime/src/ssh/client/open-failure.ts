import { printable } from "../../base/printable.js";

/** The reason codes of a rejected channel (RFC 4254, section 5.1). */
const REASONS: Readonly<Record<number, string>> = {
  1: "administratively prohibited",
  2: "connect failed",
  3: "unknown channel type",
  4: "resource shortage",
};

/**
 * Why the server did not open a channel: its description, or else the name of its reason code. Undefined for another error: the
 * channel was opened, or the connection closed.
 */
export function openFailure(error: Error): string | undefined {
  const [, description = ""] = /^\(SSH\) Channel open failure: (.*)$/s.exec(error.message) ?? [];
  if (!("reason" in error)) return undefined;
  return printable(description) || REASONS[Number(error.reason)] || "no reason given";
}
