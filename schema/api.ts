import { defineApi } from "sshrpc/schema";
import { agent, fleet } from "./agent.js";
import { chat } from "./chat.js";
import { echo } from "./echo.js";
import { files } from "./files.js";
import { hello } from "./hello.js";
import { notes } from "./notes.js";
import { time } from "./time.js";
import { weblog } from "./weblog.js";

/**
 * The example API: a greeting, an echo, a clock and notes; as streams, a log, files and a chat room; and callbacks to connected
 * machines. A schema may be one file; this one is composed of several.
 */
export default defineApi({
  name: "notes",
  version: "1.0.0",
  resources: { ...hello, ...echo, ...time, ...notes, ...weblog, ...files, ...chat, ...fleet },
  callbacks: agent,
});
