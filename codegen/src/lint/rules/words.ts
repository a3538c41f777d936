/** The words of a name in lower case: `createNote`, `create-note` and `create_note` have two. */
export function wordsOf(name: string): readonly string[] {
  return (name.match(/\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+|\p{N}+/gu) ?? []).map((word) => word.toLowerCase());
}

/** `create-note` and `create_note` give `createNote`. */
export function camel(name: string): string {
  const [first = name, ...others] = wordsOf(name);
  return first + others.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join("");
}
