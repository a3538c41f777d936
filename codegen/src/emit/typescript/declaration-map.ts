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
 * The declaration map of a `.d.ts` file: "go to definition" in editors leads from its names to the schema. Editors follow maps beside
 * declarations only, not beside `.ts` files. ECMA-426.
 * @param name the file's name
 * @param origins by the names of declarations
 * @param pathOf the path of a source file from the folder of the map
 */
export function declarationMap(
  name: string,
  text: string,
  origins: ReadonlyMap<string, Origin>,
  pathOf: (file: string) => string,
): string {
  const lines = segmentsOf(text, origins);
  const files = new Set(lines.flatMap((line) => line.flatMap(({ at }) => (at === undefined ? [] : [at.file]))));
  const sorted = [...files].sort();
  const sources = sorted.map(pathOf);
  return `${JSON.stringify({ version: 3, file: name, sources, names: [], mappings: encode(lines, sorted) })}\n`;
}

function segmentsOf(text: string, origins: ReadonlyMap<string, Origin>): readonly (readonly Segment[])[] {
  let origin: Origin | undefined;
  return text.split("\n").map((line) => {
    const declared = DECLARATION.exec(line)?.[1];
    if (declared !== undefined) {
      origin = origins.get(declared);
      return segments(0, line.indexOf(` ${declared}`) + 1, declared.length, origin?.at);
    }
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

function encode(lines: readonly (readonly Segment[])[], files: readonly string[]): string {
  const indices = new Map(files.map((file, index) => [file, index]));
  let last = [0, 0, 0];
  return lines
    .map((line) => {
      let before = 0;
      return line.map(({ column, at }) => {
        const generated = base64Vlq(column - before);
        before = column;
        if (at === undefined) return generated;
        const next = [indices.get(at.file) ?? 0, at.line - 1, at.column - 1];
        const fields = next.map((value, index) => base64Vlq(value - (last[index] ?? 0)));
        last = next;
        return generated + fields.join("");
      });
    })
    .join(";");
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
