/**
 * Whether `pattern` matches the whole of `text`; `*` matches any characters and `?` one, as in ssh_config(5), PATTERNS. A regular
 * expression made of the pattern could take exponential time.
 */
export function matchesWildcard(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let index = 0;
  while (index < text.length) {
    if (pattern[at] === "*") {
      star = at++;
      resume = index;
    } else if (at < pattern.length && (pattern[at] === "?" || pattern[at] === text[index])) {
      at++;
      index++;
    } else if (star !== -1) {
      // The last star matches one more character; earlier stars need no backtracking.
      at = star + 1;
      index = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}

/**
 * Whether a comma-separated pattern list matches `text`. A matching pattern with a leading `!` overrides the others.
 */
export function matchesPatternList(list: string, text: string): boolean {
  let found = false;
  for (const entry of list.split(",")) {
    const negated = entry.startsWith("!");
    if (!matchesWildcard(negated ? entry.slice(1) : entry, text)) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}
