/** Quotes a text as one word for a POSIX shell. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A command line that runs `script` in a POSIX shell under any login shell, with `words` as `$1`, `$2` and so on. */
export function shellCommand(script: string, ...words: string[]): string {
  return ["sh", "-c", shellQuote(script), "sh", ...words.map(shellQuote)].join(" ");
}
