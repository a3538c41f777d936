import type { Position } from "../../base/problem.js";

/** Where the schema declares a name of a `.d.ts` file, and the members of the interface of that name. */
export interface Origin {
  readonly at: Position;
  readonly members?: Readonly<Record<string, Position>>;
}

/** One segment: a column of the generated line, and the place in the schema; undefined where there is none. */
interface Segment {
  readonly column: number;
  readonly at?: Position;
}

const DECLARATION = /^(?:export (?:declare )?)?(?:interface|type|function) (\w+)/;
const MEMBER = /^ {2}(?:readonly )?(?:(\w+)|("(?:[^"\\]|\\.)*"))\??:/;

/**
 * Makes the declaration maps of one `.d.ts` file: "go to definition" in editors leads from its names to the schema. Editors follow maps
 * beside declarations only, not beside `.ts` files. ECMA-426. It remembers the parts of the last text, of which a watch changes few.
 */
export class DeclarationMapper {
  readonly #name: string;
  #parts: ReadonlyMap<string, MappedPart> = new Map();

  /** @param name the file's name */
  constructor(name: string) {
    this.#name = name;
  }

  /**
   * @param origins by the names of declarations
   * @param pathOf the path of a source file from the folder of the map
   */
  map(text: string, origins: ReadonlyMap<string, Origin>, pathOf: (file: string) => string): string {
    const parts = new Map<string, MappedPart>();
    const mapped = partsOf(text).map((part) => {
      const known = this.#parts.get(part);
      const name = known === undefined ? nameOf(part) : known.name;
      const origin = origins.get(name);
      const result = known !== undefined && isOf(known, origin) ? known : { name, ...mapPart(part, origin) };
      parts.set(part, result);
      return result;
    });
    this.#parts = parts;
    const sorted = [...new Set(mapped.flatMap(({ files }) => files))].sort();
    const sources = sorted.map(pathOf);
    const mappings = joined(mapped, new Map(sorted.map((file, index) => [file, index])));
    return `${JSON.stringify({ version: 3, file: this.#name, sources, names: [], mappings })}\n`;
  }
}

/** The segments of the lines of a part: a declaration, or what stands before the first. */
interface MappedPart {
  /** The name of the declaration; empty without one. */
  readonly name: string;
  readonly origin: Origin | undefined;
  readonly lines: readonly (readonly Segment[])[];
  /** Those of the positions, in order. */
  readonly files: readonly string[];
  /** Undefined where it depends on the order of files. */
  readonly encoded: Encoded | undefined;
}

function isOf({ origin }: MappedPart, other: Origin | undefined): boolean {
  return origin === other || (origin?.at === other?.at && origin?.members === other?.members);
}

/** The text in parts that begin with a declaration: each has one at most. */
function partsOf(text: string): readonly string[] {
  return text.split(/^(?=(?:export (?:declare )?)?(?:interface|type|function) \w)/m);
}

function nameOf(part: string): string {
  return DECLARATION.exec(part)?.[1] ?? "";
}

function mapPart(text: string, origin: Origin | undefined): Omit<MappedPart, "name"> {
  const lines = segmentsOf(text, origin);
  const files = new Set(lines.flatMap((line) => line.flatMap(({ at }) => (at === undefined ? [] : [at.file]))));
  return { origin, lines, files: [...files], encoded: files.size < 2 ? encode(lines, () => 0) : undefined };
}

function segmentsOf(text: string, origin: Origin | undefined): readonly (readonly Segment[])[] {
  // What follows the last line break is the first line of the next part.
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const declared = DECLARATION.exec(line)?.[1];
      if (declared !== undefined) return segments(0, line.indexOf(` ${declared}`) + 1, declared.length, origin?.at);
      const [, word, quoted] = MEMBER.exec(line) ?? [];
      const spelled = word ?? quoted;
      if (spelled === undefined) return NOTHING;
      const member = quoted === undefined ? spelled : (JSON.parse(quoted) as string);
      const members = origin?.members ?? {};
      const at = Object.hasOwn(members, member) ? members[member] : undefined;
      return segments(2, line.indexOf(spelled), spelled.length, at);
    });
}

/** Editors take the segment at a position, or else the next one; other tools take the one before it. Outside names both find this. */
const NOTHING: readonly Segment[] = [{ column: 0 }];

/** The segments of a declaration that begins at `start` and has its name at `column`: TypeScript 7 looks up both. */
function segments(start: number, column: number, length: number, at: Position | undefined): readonly Segment[] {
  if (at === undefined) return NOTHING;
  const named = [
    { column: start, at },
    { column, at },
  ].slice(start === column ? 1 : 0);
  return [...(start === 0 ? [] : NOTHING), ...named, { column: column + length }];
}

/** A place in the schema: the index of the file, line and column, from 0. */
type Place = readonly [number, number, number];

/** Encoded lines without the fields of the first place, which are relative to the place before it. */
interface Encoded {
  readonly before: string;
  readonly after: string;
  readonly first?: Place;
  readonly last?: Place;
}

function encode(lines: readonly (readonly Segment[])[], indexOf: (file: string) => number): Encoded {
  let [before, after] = ["", ""];
  let first: Place | undefined;
  let last: Place | undefined;
  for (const line of lines) {
    let column = 0;
    const encoded = line.map((segment) => {
      const generated = base64Vlq(segment.column - column);
      column = segment.column;
      if (segment.at === undefined) return generated;
      const place: Place = [indexOf(segment.at.file), segment.at.line - 1, segment.at.column - 1];
      const fields = last === undefined ? SPLIT : fieldsOf(place, last);
      first ??= place;
      last = place;
      return generated + fields;
    });
    const [start = "", rest] = encoded.join().split(SPLIT);
    if (rest === undefined && first !== undefined) after += `${start};`;
    else {
      before += start + (rest === undefined ? ";" : "");
      after += rest === undefined ? "" : `${rest};`;
    }
  }
  return { before, after, ...(first && { first }), ...(last && { last }) };
}

/** Marks the fields of the first place. */
const SPLIT = "|";

function fieldsOf(place: Place, last: Place): string {
  return place.map((value, index) => base64Vlq(value - (last[index] ?? 0))).join("");
}

function joined(parts: readonly MappedPart[], indices: ReadonlyMap<string, number>): string {
  let last: Place = [0, 0, 0];
  const texts = parts.map(({ lines, files, encoded }) => {
    const indexOf = (file: string): number => indices.get(file) ?? 0;
    const { before, after, ...places } = encoded ?? encode(lines, indexOf);
    if (places.first === undefined || places.last === undefined) return before + after;
    // Those of one file are encoded as if it were the first.
    const offset = encoded === undefined ? 0 : indexOf(files[0] ?? "");
    const fields = fieldsOf(shifted(places.first, offset), last);
    last = shifted(places.last, offset);
    return before + fields + after;
  });
  // The line after the last line break.
  return `${texts.join("")}A`;
}

function shifted([file, line, column]: Place, offset: number): Place {
  return [file + offset, line, column];
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Five bits in a digit, the lowest first; the sixth says that more follow, and the lowest bit of all is the sign. */
function base64Vlq(value: number): string {
  let rest = value < 0 ? -value * 2 + 1 : value * 2;
  let text = "";
  do {
    const digit = rest & 31;
    rest >>= 5;
    text += DIGITS[rest > 0 ? digit | 32 : digit];
  } while (rest > 0);
  return text;
}
