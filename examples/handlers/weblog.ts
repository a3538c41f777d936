import type { WeblogHandlers } from "../../generated/server.js";
import { followLines } from "../lib/follow-lines.js";
import { parseHit } from "../lib/parse-hit.js";

/**
 * The log of a web server, in the combined or the common format. Each caller reads the file independently, at
 * its own pace.
 * @param file the log file; it may be rotated, by renaming or truncation
 */
export function weblog(file: string): WeblogHandlers {
  return {
    async *get({ follow, lines: last }, ctx) {
      const lines = await followLines(file, { follow, last, signal: ctx.signal });
      if (lines === undefined) {
        ctx.log.warn({ file }, "the log file does not exist");
        return ctx.fail("NOT_FOUND", undefined, "the web server has no log yet");
      }
      for await (const line of lines) {
        const hit = parseHit(line);
        if (hit !== undefined) yield hit;
      }
    },
  };
}
