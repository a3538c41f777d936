import { errorMessage } from "../../base/error-message.js";
import { nearest } from "../../base/nearest.js";
import { printable } from "../../base/printable.js";
import { isFingerprint } from "../../ssh/keys/format/fingerprint.js";
import { type AuthorizedKeyLine, parseAuthorizedKeyLine, quoterOf } from "../../ssh/keys/lists/authorized-keys.js";
import { splitOptions } from "../../ssh/keys/lists/authorized-keys-options.js";
import type { CliIo } from "../shared/io.js";

/** One line of authorized_keys. */
export interface KeyLine {
  /** From 1. */
  readonly number: number;
  /** The original text. */
  readonly text: string;
  /** The listed key; absent for a blank line, a comment or an invalid line. */
  readonly listed?: AuthorizedKeyLine;
  /** Why the line is invalid. */
  readonly problem?: string;
}

/** A line that lists a key. */
export type ListedLine = KeyLine & { readonly listed: AuthorizedKeyLine };

/** Parses the lines of a file. It never throws. */
export function readKeyLines(text: string): readonly KeyLine[] {
  const lines = text.split("\n");
  const quote = quoterOf(text);
  // The text after the last line break is not a line.
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

/** The text of an option of a valid line; undefined where it does not have the option. */
export function optionOf(line: string, name: string): string | undefined {
  const { options } = splitOptions(line.trimStart());
  for (const [, option, value] of options.matchAll(/([^=",]+)(?:="((?:\\"|\\(?!")|[^"\\])*)")?(?:,|$)/g))
    if (option?.toLowerCase() === name) return value?.replaceAll('\\"', '"');
  return undefined;
}

/** The lines that list keys. */
export function listedLines(lines: readonly KeyLine[]): readonly ListedLine[] {
  return lines.filter((line): line is ListedLine => line.listed !== undefined);
}

/**
 * Every line of one key, given a name or the fingerprint of the key. The name may omit `@` and what follows: `alice` for
 * `alice@laptop`, where no key has the name `alice`.
 * @throws Error where no key matches, or several keys have the name
 */
export function linesOfKey(lines: readonly KeyLine[], name: string, file: string): readonly ListedLine[] {
  const listed = listedLines(lines);
  const find = (matches: (key: AuthorizedKeyLine) => boolean): string[] => [
    ...new Set(listed.filter((line) => matches(line.listed)).map((line) => line.listed.key.fingerprint)),
  ];
  const exact = find(({ key, grant }) => (isFingerprint(name) ? key.fingerprint : grant.keyName) === name);
  const fingerprints = exact.length > 0 ? exact : find(({ grant }) => grant.keyName?.split("@", 1)[0] === name);
  const [fingerprint] = fingerprints;
  if (fingerprint === undefined) {
    const near = nearest(
      name,
      listed.flatMap((line) => line.listed.grant.keyName ?? []),
    );
    const hint = near === undefined ? "run `sshrpc keys list`" : `did you mean "${near}"?`;
    throw new Error(`${file}: no key "${printable(name)}"; ${hint}`);
  }
  if (fingerprints.length > 1) {
    throw new Error(
      `${file}: ${fingerprints.length} keys named "${printable(name)}"; use one of the fingerprints ${fingerprints.join(", ")}`,
    );
  }
  return listed.filter((line) => line.listed.key.fingerprint === fingerprint);
}

/** Reports invalid lines on standard error, at most 20. */
export function reportInvalidLines(lines: readonly KeyLine[], file: string, { stderr }: CliIo): void {
  const invalid = lines.filter((line) => line.problem !== undefined);
  for (const { number, problem } of invalid.slice(0, 20)) stderr.write(`${file}:${number}: ${problem}\n`);
}

/**
 * Checks the lines of a file after a change.
 * @throws Error where lines are invalid: they list no key, at a start and for a running server
 */
export function checkLines(lines: readonly KeyLine[], file: string): void {
  const count = lines.filter((line) => line.problem !== undefined).length;
  if (count === 0) return;
  throw new Error(
    `${file} was changed, but ${count === 1 ? "one line is" : `${count} lines are`} invalid and list${count === 1 ? "s" : ""} no key`,
  );
}
