import { printable } from "../printable.js";

/** What the options of one line of authorized_keys grant. */
export interface KeyOptions {
  /** Empty where the line has no `scopes`. */
  readonly scopes: readonly string[];
  /** What follows the options: type, blob and comment. */
  readonly rest: string;
}

/** Options that take away what is never given here, so that they restrict nothing. */
const HARMLESS: readonly string[] = [
  "restrict",
  "no-pty",
  "no-port-forwarding",
  "no-agent-forwarding",
  "no-x11-forwarding",
  "no-user-rc",
];

/**
 * Reads the options at the beginning of a line, as sshd(8), AUTHORIZED_KEYS FILE FORMAT, describes them: a comma list
 * up to the first space outside double quotes; names in either case; `\"` is a quote inside a value.
 * @throws Error of one line without the place, where one is malformed, or would restrict the key in a way that cannot
 * be kept: a key is never accepted without its restriction.
 */
export function parseKeyOptions(line: string): KeyOptions {
  let scopes: readonly string[] | undefined;
  let at = 0;
  for (;;) {
    const match = /([A-Za-z0-9@._-]+)(?:="((?:[^"\\]|\\.)*)")?(,|[ \t]+|$)/y;
    match.lastIndex = at;
    const [whole, name = "", value, end] = match.exec(line) ?? [];
    if (whole === undefined) {
      throw new Error(`neither a key nor an option of one: ${printable(line.slice(at), 40)}`);
    }
    at += whole.length;
    const option = name.toLowerCase();
    if (option === "scopes") {
      if (scopes !== undefined) throw new Error("the option scopes is given twice");
      scopes = parseScopes(value);
    } else if (!HARMLESS.includes(option) || value !== undefined) {
      throw new Error(`the option ${printable(name, 40)} is not supported, and without it the key could do too much`);
    }
    if (end !== ",") return { scopes: scopes ?? [], rest: line.slice(at) };
  }
}

function parseScopes(value: string | undefined): readonly string[] {
  if (value === undefined) throw new Error('the option scopes needs a value, such as scopes="notes:read,notes:*"');
  const scopes = value
    .split(",")
    .map((scope) => scope.trim())
    .filter((scope) => scope !== "");
  for (const scope of scopes) {
    if (!/^[^\s"\\*]*\*?$/.test(scope)) {
      throw new Error(`the scope "${printable(scope, 40)}" is not one: only its last character may be a *`);
    }
  }
  return [...new Set(scopes)];
}
