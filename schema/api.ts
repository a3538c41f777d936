import { defineApi } from "sshrpc/schema";
import { echo } from "./echo.js";
import { hello } from "./hello.js";
import { notes } from "./notes.js";
import { time } from "./time.js";

/**
 * The example API: a greeting, an echo, a clock, and notes that people leave. A schema may be one file; this one is
 * composed of several.
 */
export default defineApi({
  name: "notes",
  version: "1.0.0",
  resources: { ...hello, ...echo, ...time, ...notes },
});
