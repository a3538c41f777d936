/** A text as one word for a POSIX shell. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A command line that runs `script` in a POSIX shell, whatever the login shell is; `$1` and so on are `words`. */
export function shellCommand(script: string, ...words: string[]): string {
  return ["sh", "-c", shellQuote(script), "sh", ...words.map(shellQuote)].join(" ");
}
