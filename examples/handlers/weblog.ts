import { tracked } from "sshrpc/server";
import type { WeblogHandlers } from "../../generated/server.js";
import { followLines } from "../lib/follow-lines.js";
import { parseHit } from "../lib/parse-hit.js";

/**
 * The log of a web server, in the combined or the common format. Each caller reads the file independently, at
 * its own pace, and goes on behind the last hit that it has after a lost connection.
 * @param file the log file; it may be rotated, by renaming or truncation
 */
export function weblog(file: string): WeblogHandlers {
  return {
    async *get({ follow, lines: last }, ctx) {
      const after = ctx.resumeAfter;
      const lines = await followLines(file, { follow, last, after, signal: ctx.signal });
      if (lines === undefined && after !== undefined) {
        return ctx.fail(
          "PRECONDITION_FAILED",
          undefined,
          "no such position: its log is gone, or it is of another stream",
        );
      }
      if (lines === undefined) {
        ctx.log.warn({ file }, "the log file does not exist");
        return ctx.fail("NOT_FOUND", undefined, "the web server has no log yet");
      }
      for await (const { text, position } of lines) {
        const hit = parseHit(text);
        if (hit !== undefined) yield tracked(position, hit);
      }
    },
  };
}
