/** Texts of each format that `ajv-formats` knows and that people use. */
const OF_FORMAT: Readonly<Record<string, string>> = {
  date: "2020-02-03",
  time: "10:20:30Z",
  "date-time": "2020-02-03T10:20:30Z",
  duration: "P1D",
  email: "a@example.com",
  hostname: "example.com",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
  uri: "https://example.com/a",
  "uri-reference": "/a",
  uuid: "123e4567-e89b-42d3-a456-426614174000",
  regex: "^a$",
  "json-pointer": "/a",
};

/** Short texts of many shapes. */
const PLAIN = ["", "a", "A", "0", "1", "-", " ", "ab", "a b", "a-b", "abc", "10", "-1", "1.5", "x y", "aA0", "é", "!"];

/** Texts that may match the patterns and formats, or be the first that do not. */
export function sampleTexts(patterns: readonly string[], formats: readonly string[]): readonly string[] {
  return [
    ...new Set([
      ...formats.flatMap((format) => OF_FORMAT[format] ?? []),
      ...patterns.flatMap(textsOf),
      ...PLAIN,
      ...Object.values(OF_FORMAT),
    ]),
  ];
}

/** Texts that a regular expression matches; it may miss some, and those that look around. */
function textsOf(pattern: string): readonly string[] {
  const texts = [0, 1, 2].flatMap((variant) => {
    try {
      return new Sampler(pattern, variant).whole();
    } catch {
      return [];
    }
  });
  const regExp = new RegExp(pattern, "u");
  return [...new Set(texts)].filter((text) => regExp.test(text));
}

const CLASSES: Readonly<Record<string, string>> = { d: "0", w: "a", s: " ", D: "a", W: "-", S: "a" };

/** Writes one text for a regular expression. A variant of more than 0 repeats more, and takes other alternatives. */
class Sampler {
  readonly #pattern: string;
  readonly #variant: number;
  #at = 0;

  constructor(pattern: string, variant: number) {
    this.#pattern = pattern;
    this.#variant = variant;
  }

  whole(): string {
    const text = this.#alternatives();
    if (this.#at < this.#pattern.length) throw new Error("unknown syntax");
    return text;
  }

  #alternatives(): string {
    const texts = [this.#sequence()];
    while (this.#take("|")) texts.push(this.#sequence());
    return texts[this.#variant % texts.length] as string;
  }

  #sequence(): string {
    let text = "";
    while (this.#at < this.#pattern.length && !"|)".includes(this.#next())) text += this.#repeated(this.#atom());
    return text;
  }

  #repeated(atom: string): string {
    const more = this.#variant;
    let text = atom;
    if (this.#take("*")) text = atom.repeat(more);
    else if (this.#take("+")) text = atom.repeat(1 + more);
    else if (this.#take("?")) text = atom.repeat(Math.min(more, 1));
    else {
      const counts = /^\{(\d+)(,(\d*))?\}/.exec(this.#pattern.slice(this.#at));
      if (counts === null) return text;
      this.#at += counts[0].length;
      const low = Number(counts[1]);
      const high = counts[2] === undefined ? low : counts[3] === "" ? Infinity : Number(counts[3]);
      text = atom.repeat(Math.min(low + more, high));
    }
    this.#take("?");
    return text;
  }

  #atom(): string {
    const character = this.#pattern[this.#at++] as string;
    if (character === "^" || character === "$") return "";
    if (character === ".") return "a";
    if (character === "\\") return this.#escape();
    if (character === "[") return this.#class();
    if (character !== "(") return character;
    if (/^\?[=!<]/.test(this.#pattern.slice(this.#at))) throw new Error("unknown syntax");
    if (this.#pattern.startsWith("?:", this.#at)) this.#at += 2;
    const text = this.#alternatives();
    if (!this.#take(")")) throw new Error("unknown syntax");
    return text;
  }

  #escape(): string {
    const character = this.#pattern[this.#at++] as string;
    if (/[A-Za-z0-9]/.test(character) && !Object.hasOwn(CLASSES, character)) throw new Error("unknown syntax");
    return CLASSES[character] ?? character;
  }

  /** The first, or the last character of a class. */
  #class(): string {
    const isNegated = this.#take("^");
    const members: string[] = [];
    while (!this.#take("]")) {
      const character = this.#pattern[this.#at++];
      if (character === undefined) throw new Error("unknown syntax");
      if (character === "-" && members.length > 0 && this.#next() !== "]") continue;
      members.push(character === "\\" ? this.#escape() : character);
    }
    if (isNegated) return [..."aA0- _!"].find((one) => !members.includes(one)) ?? "é";
    return (this.#variant === 0 ? members[0] : members.at(-1)) ?? "";
  }

  #next(): string {
    return this.#pattern[this.#at] ?? "";
  }

  #take(text: string): boolean {
    const isNext = this.#pattern.startsWith(text, this.#at);
    if (isNext) this.#at += text.length;
    return isNext;
  }
}
