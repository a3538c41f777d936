import { createInterface } from "node:readline";
import { connect } from "../../generated/client.js";
import type { Line } from "../../generated/types.js";
import { printable } from "../lib/printable.js";
import { runProgram } from "../lib/run-program.js";

/** A chat room: `jiti examples/05-chat/chat.ts ssh://alice@127.0.0.1:8022`. The end of the input (Ctrl-D) leaves the room. */
await runProgram("chat ssh://user@host:port", 1, async ([address = ""], signal) => {
  await using client = await connect(address, { signal });
  try {
    for await (const { from, text } of client.chat.update({}, typed(), { signal })) {
      console.log(printable(from === undefined ? `* ${text}` : `${from}: ${text}`));
    }
  } finally {
    // The server may have ended the call: no input is needed any more.
    process.stdin.destroy();
  }
});

async function* typed(): AsyncGenerator<Line, void> {
  for await (const text of createInterface({ input: process.stdin })) {
    if (text.trim() !== "") yield { text: text.slice(0, 2_000) };
  }
}
