import { nearest } from "sshrpc/contract";

/** Ends a message about an unknown name: the nearest known one where one is close. */
export function suggestion(name: string, known: Iterable<string>): string {
  const near = nearest(name, known);
  return near === undefined ? "" : ` (did you mean ${JSON.stringify(near)}?)`;
}
