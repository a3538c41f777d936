/** Strings, punctuation and other scalars of a JSON text. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** An object or array that the scan is in. */
interface Level {
  readonly isArray: boolean;
  /** The name or index of the current value. */
  name: string;
  expectsName: boolean;
}

/** Where the values of a JSON text are. */
interface JsonPlaces {
  /** `line:column` of the name of each property, and of each element of an array, by {@link pathKey}. */
  readonly places: ReadonlyMap<string, string>;
  /** The paths of properties that an object has twice, each as of {@link pathKey}. */
  readonly repeated: readonly string[];
}

/** The key of a path in {@link JsonPlaces}. */
export function pathKey(path: readonly string[]): string {
  return JSON.stringify(path);
}

/** Finds the values of a text, which must be JSON: `JSON.parse` tells no positions, and the last of repeated properties. */
export function jsonPlaces(text: string): JsonPlaces {
  const places = new Map<string, string>();
  const repeated: string[] = [];
  const levels: Level[] = [];
  const placeAt = lineCounter(text);
  const note = (index: number): void => {
    const key = pathKey(levels.map(({ name }) => name));
    if (places.has(key)) repeated.push(key);
    places.set(key, placeAt(index));
  };
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const level = levels.at(-1);
    if (token === "}" || token === "]") levels.pop();
    else if (token === ",") {
      if (level?.isArray) level.name = String(Number(level.name) + 1);
      else if (level) level.expectsName = true;
    } else if (token === ":") continue;
    else if (level?.expectsName) {
      level.name = JSON.parse(token) as string;
      level.expectsName = false;
      note(index);
    } else {
      if (level?.isArray) note(index);
      if (token === "{") levels.push({ isArray: false, name: "", expectsName: true });
      if (token === "[") levels.push({ isArray: true, name: "0", expectsName: false });
    }
  }
  return { places, repeated };
}

/** Returns `line:column` of offsets, which must ascend. */
function lineCounter(text: string): (offset: number) => string {
  let line = 1;
  let start = 0;
  return (offset) => {
    for (let end = text.indexOf("\n", start); end !== -1 && end < offset; end = text.indexOf("\n", start)) {
      line++;
      start = end + 1;
    }
    return `${line}:${offset - start + 1}`;
  };
}
