/** The type of a `{param}` of a path; it determines how its text is parsed. */
export type ParamType = "string" | "integer" | "number" | "boolean";

/** One segment of a path template: fixed text, or a parameter's name. */
export type Segment = { readonly text: string } | { readonly param: string };

/** A parameter's name is an identifier, because it is a field of the request. */
const PARAM = /^\{([A-Za-z_][A-Za-z0-9_]*)\}$/;

/** Fixed text needs no quoting in a shell. */
const TEXT = /^[A-Za-z0-9._~-]+$/;

/**
 * Parses a path template: `/`-separated segments, each either fixed text or a whole `{param}`.
 * @throws Error that names the template and the invalid segment
 */
export function parsePath(template: string): readonly Segment[] {
  if (!template.startsWith("/")) throw new Error(`path "${template}": must start with "/"`);
  const seen = new Set<string>();
  return template
    .slice(1)
    .split("/")
    .map((part) => {
      const param = PARAM.exec(part)?.[1];
      if (param !== undefined) {
        if (param === "__proto__")
          throw new Error(`path "${template}": {__proto__} cannot be the name of a request field`);
        if (seen.has(param)) throw new Error(`path "${template}": {${param}} occurs twice; give each its own name`);
        seen.add(param);
        return { param };
      }
      if (!TEXT.test(part)) {
        throw new Error(`path "${template}": invalid segment "${part}"; use a {param}, or letters, digits and . _ ~ -`);
      }
      return { text: part };
    });
}

/** The names of a template's parameters, in order. */
export function pathParams(segments: readonly Segment[]): readonly string[] {
  return segments.flatMap((segment) => ("param" in segment ? [segment.param] : []));
}

/** Whether some path matches both templates. */
export function pathsOverlap(a: readonly Segment[], b: readonly Segment[]): boolean {
  return a.length === b.length && a.every((left, index) => segmentsOverlap(left, b[index] as Segment));
}

function segmentsOverlap(left: Segment, right: Segment): boolean {
  return "param" in left || "param" in right || left.text === right.text;
}

/**
 * Matches a path, such as `/notes/42`, against a template. Returns the texts of the parameters, percent-decoded (RFC 3986,
 * section 2.1); undefined if it does not match.
 */
export function matchPath(segments: readonly Segment[], path: string): Readonly<Record<string, string>> | undefined {
  // Split no further than needed: a long path is compared with every template.
  const parts = path.slice(1).split("/", segments.length + 1);
  if (!path.startsWith("/") || parts.length !== segments.length) return undefined;
  const texts: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const part = parts[index] as string;
    if ("text" in segment) {
      if (segment.text !== part) return undefined;
    } else {
      const text = decodePart(part);
      if (text === undefined) return undefined;
      texts[segment.param] = text;
    }
  }
  return texts;
}

/** A literal brace must be percent-encoded (RFC 3986, section 2): `{id}` is never a value. */
function decodePart(part: string): string | undefined {
  if (part === "" || part.includes("{")) return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/**
 * Parses a parameter's text as its type. Invalid text is returned unchanged, so that validation rejects it with the same
 * message as any other field.
 */
export function paramValue(text: string, type: ParamType): string | number | boolean {
  switch (type) {
    case "string":
      return text;
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    default:
      return /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : text;
  }
}

/** Paths of the methods that sshrpc itself offers begin with this; those of a schema cannot. */
const RESERVED_PATH = "/sshrpc/";

/** Whether a path belongs to sshrpc itself. */
export function isReservedPath(path: string): boolean {
  return path.startsWith(RESERVED_PATH);
}
