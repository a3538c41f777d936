import { errorMessage } from "../../base/error-message.js";
import { nearest } from "../../base/nearest.js";
import { printable } from "../../base/printable.js";
import { isFingerprint } from "../../ssh/keys/format/fingerprint.js";
import { type AuthorizedKeyLine, parseAuthorizedKeyLine, quoterOf } from "../../ssh/keys/lists/authorized-keys.js";

/** One line of authorized_keys. */
export interface KeyLine {
  /** From 1. */
  readonly number: number;
  /** As it stands there. */
  readonly text: string;
  /** What it lists; absent where it is blank, a comment, or wrong. */
  readonly listed?: AuthorizedKeyLine;
  /** Why it is wrong. */
  readonly problem?: string;
}

/** A line that lists a key. */
export type ListedLine = KeyLine & { readonly listed: AuthorizedKeyLine };

/** Takes a text apart; it never throws. */
export function readKeyLines(text: string): readonly KeyLine[] {
  const lines = text.split("\n");
  const quote = quoterOf(text);
  // What follows the last line's end is no line.
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line, index) => {
    const number = index + 1;
    try {
      const listed = parseAuthorizedKeyLine(line);
      return { number, text: line, ...(listed && { listed }) };
    } catch (error) {
      return { number, text: line, problem: quote(errorMessage(error)) };
    }
  });
}

/** The lines that list keys. */
export function listedLines(lines: readonly KeyLine[]): readonly ListedLine[] {
  return lines.filter((line): line is ListedLine => line.listed !== undefined);
}

/**
 * The lines of one key, given its name or its fingerprint: each line that lists it, whatever it is called there.
 * @throws Error of one line, where none is meant, or more than one key has the name
 */
export function linesOfKey(lines: readonly KeyLine[], called: string, file: string): readonly ListedLine[] {
  const listed = listedLines(lines);
  const isMeant = isFingerprint(called)
    ? ({ key }: AuthorizedKeyLine) => key.fingerprint === called
    : ({ grant }: AuthorizedKeyLine) => grant.keyName === called;
  const meant = [...new Set(listed.filter((line) => isMeant(line.listed)).map((line) => line.listed.key.fingerprint))];
  const [fingerprint] = meant;
  if (fingerprint === undefined) {
    const near = nearest(
      called,
      listed.flatMap((line) => line.listed.grant.keyName ?? []),
    );
    const hint = near === undefined ? "`sshrpc keys list` shows those that are listed" : `did you mean "${near}"?`;
    throw new Error(`${file} lists no key "${printable(called)}": ${hint}`);
  }
  if (meant.length > 1) {
    throw new Error(
      `${file} lists ${meant.length} keys named "${printable(called)}": say which by its fingerprint: ${meant.join(", ")}`,
    );
  }
  return listed.filter((line) => line.listed.key.fingerprint === fingerprint);
}

/** Says on standard error which lines are wrong, at most twenty of them; gives how many there are. */
export function reportWrongLines(lines: readonly KeyLine[], file: string): number {
  const wrong = lines.filter((line) => line.problem !== undefined);
  for (const { number, problem } of wrong.slice(0, 20)) process.stderr.write(`${file}:${number}: ${problem}\n`);
  return wrong.length;
}

/**
 * As {@link reportWrongLines}, after a change: a server that runs leaves its list as it was until such lines are mended.
 * The exit status becomes 1, for the change may be without effect so far.
 */
export function warnOfWrongLines(lines: readonly KeyLine[], file: string): void {
  const count = reportWrongLines(lines, file);
  if (count === 0) return;
  process.stderr.write(
    `sshrpc: ${file} is changed, but ${count === 1 ? "that line is" : `${count} lines are`} wrong: a server that runs may take nothing in before that is mended\n`,
  );
  process.exitCode = 1;
}
