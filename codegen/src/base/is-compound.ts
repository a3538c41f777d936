/** Whether the text of a TypeScript type is a union, an intersection or read-only: it needs parentheses before `[]`. */
export function isCompound(text: string): boolean {
  if (text.startsWith("readonly ")) return true;
  const outside = text.replaceAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/g, "");
  let depth = 0;
  for (const character of outside) {
    if ("([{<".includes(character)) depth += 1;
    else if (")]}>".includes(character)) depth -= 1;
    else if (depth === 0 && (character === "|" || character === "&")) return true;
  }
  return false;
}
