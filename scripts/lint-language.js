// Part of `npm run lint`: finds words that readers of gRPC, OpenSSH and Node do not search for, in sources, strings, comments,
// test titles and documents. A line that needs one says why: `language-ok: <reason>` on the same line.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Each pattern, and what to write in its place. @type {readonly [RegExp, string][]} */
const WORDS = [
  [/\bwhoever\b/i, "name the role: the caller, the owner, the peer"],
  [/\b(nobody|somebody)\b/i, "name the role: no peer, a user, a caller"],
  [/\b(is|are|was|were|be) told\b/i, "receives, is called with, is notified"],
  [/(?<!\bthere )\bis no (?!longer\b)[a-z]/i, "say what it is: not a …, unknown, invalid"],
  [/\bheed(s|ed|ing)?\b/i, "handle, respect"],
  [/\bbears?\b/i, "carry, tolerate, limit"],
  [/\bmend(s|ed|ing)?\b/i, "fix, patch"],
  [/\blet(s|ting)? in\b/i, "authorize, accept"],
  [/\bways? in\b/i, "adapter"],
  [/\bsigns? of life\b/i, "keepalive"],
  [/\bwhatever\b/i, "regardless of, any"],
  [/\bfor ever\b/i, "forever, without end"],
  [/\b(that|which|it) (is|are) none\b/i, "say what it is: invalid, unknown, not a …"],
  [/\bthe most [a-z]+ (that|of|kept)\b/i, "the maximum number of"],
  [/\bof ours\b/i, "of this package, of the server"],
  [/\ball the same\b/i, "still, also then"],
];

/** The maximum number of lines that may carry `language-ok`. */
const MAX_IGNORES = 10;

const SELF = "scripts/lint-language.js";
const files = execFileSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard", "*.ts", "*.js", "*.md", "*.py"],
  {
    encoding: "utf8",
  },
)
  .split("\n")
  .filter((file) => file !== "" && file !== SELF);

const found = [];
const ignores = [];
for (const file of files) {
  let text;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    continue; // Removed from the working tree, not yet from the index.
  }
  for (const [index, line] of text.split("\n").entries()) {
    for (const [pattern, instead] of WORDS) {
      const match = pattern.exec(line);
      if (match === null) continue;
      if (/language-ok: \S/.test(line)) ignores.push(`${file}:${index + 1}`);
      else found.push(`${file}:${index + 1}:${match.index + 1}: "${match[0].trim()}": ${instead}`);
    }
  }
}

for (const row of found) console.error(row);
if (ignores.length > MAX_IGNORES)
  console.error(`${ignores.length} lines carry language-ok; at most ${MAX_IGNORES} may`);
if (found.length > 0 || ignores.length > MAX_IGNORES) process.exitCode = 1;
