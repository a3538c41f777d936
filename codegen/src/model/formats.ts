/** The formats that generated validators check: those of ajv-formats. A test keeps this list equal to the package's. */
export const FORMATS: ReadonlySet<string> = new Set(
  (
    "date time date-time iso-time iso-date-time duration uri uri-reference uri-template url email hostname ipv4 ipv6 regex " +
    "uuid json-pointer json-pointer-uri-fragment relative-json-pointer byte int32 int64 float double password binary"
  ).split(" "),
);
