// From V8's coverage of a script to the lines of its TypeScript source that were executed.
import { SourceMap } from "node:module";

/**
 * @param functions V8's `FunctionCoverage` of one script, in detail
 * @param text the script
 * @param payload its source map
 * @returns the numbers of the source's executed lines, from 1
 */
export function executedLines(functions, text, payload) {
  const map = new SourceMap(payload);
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  const lineOf = (offset) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    const entry = map.findEntry(low, offset - starts[low]);
    return "originalLine" in entry ? entry.originalLine : undefined;
  };
  const executed = [];
  const ranges = functions.flatMap((part) => part.ranges);
  // Inner ranges are shorter than those around them, and override them.
  ranges.sort((a, b) => b.endOffset - b.startOffset - (a.endOffset - a.startOffset));
  for (const { startOffset, endOffset, count } of ranges) {
    const [first, last] = [lineOf(startOffset), lineOf(Math.max(startOffset, endOffset - 1))];
    if (first === undefined || last === undefined) continue;
    // The first and last line of a range that did not run may hold parts that did.
    const margin = count > 0 ? 0 : 1;
    for (let line = first + margin; line <= last - margin; line++) executed[line] = count > 0;
  }
  return executed.flatMap((ran, line) => (ran ? [line + 1] : []));
}
