/**
 * The formats that generated validators check: those of ajv-formats, but for `url`, whose pattern takes a time that grows
 * with the square of a text: 4 s for 40 KB, and hours for a message. A test keeps this list equal to the package's.
 */
export const FORMATS: ReadonlySet<string> = new Set(
  (
    "date time date-time iso-time iso-date-time duration uri uri-reference uri-template email hostname ipv4 ipv6 regex " +
    "uuid json-pointer json-pointer-uri-fragment relative-json-pointer byte int32 int64 float double password binary"
  ).split(" "),
);
