/**
 * Whether `pattern` covers the whole of `text`, where `*` stands for any characters and `?` for one, as in
 * ssh_config(5), PATTERNS. Written out, because a regular expression made of a pattern may take exponential time.
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
      // The last star takes one more character; earlier stars never need to be tried again.
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
 * Whether a comma list of patterns covers `text`. A pattern that begins with `!` and matches decides against it,
 * whatever the others say.
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
