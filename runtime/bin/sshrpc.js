#!/usr/bin/env node
import process from "node:process";
import { run } from "../dist/cli/main.js";

// Output of handlers after the end of the command must not end the process with an error where the reader is gone.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

const status = await run(process.argv.slice(2), process);
// 0 keeps the status that the command of a caller has set with `serve --stdio`.
if (status !== 0) process.exitCode = status;
