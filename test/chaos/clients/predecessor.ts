import type { Called, JournalLine } from "../history/journal.js";
import { readLines } from "../history/lines.js";

/** What a killed process leaves to the next one of its client. */
export interface Legacy {
  /** The last effect that its follower has taken. */
  readonly after: number;
  /** The calls with a given key whose outcome it did not learn. */
  readonly open: readonly Called[];
}

/** Reads the journal of the process before. @param path undefined for the first process of a client */
export async function readLegacy(path: string | undefined): Promise<Legacy> {
  let after = 0;
  const open = new Map<string, Called>();
  if (path !== undefined) {
    for await (const line of readLines<JournalLine>(path)) {
      if (line.e === "begin") after = line.after;
      else if (line.e === "item") after = line.seq;
      else if (line.e === "call" && line.key !== undefined) open.set(line.id, line);
      else if (line.e === "end") open.delete(line.id);
    }
  }
  return { after, open: [...open.values()] };
}
