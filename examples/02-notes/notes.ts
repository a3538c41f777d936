import { connect } from "../../generated/client.js";
import { runProgram } from "../lib/run-program.js";

/** All verbs, and errors as values: `jiti examples/02-notes/notes.ts ssh://alice@127.0.0.1:8022`. */
await runProgram("notes ssh://user@host:port", 1, async ([address = ""], signal) => {
  await using client = await connect(address, { signal });
  const note = await client.notes.store({ text: "Buy milk", tags: ["home"] });
  const { id, revision } = note;
  console.log(`stored: ${note.text}`);

  const changed = await client.note.update({ id, text: "Buy oat milk", revision });
  console.log(`updated: ${changed.text}`);

  // The schema declares CONFLICT, so its details have a type.
  const late = await client.note.update.safe({ id, text: "Buy bread", revision });
  if (!late.ok && late.error.status === "CONFLICT") {
    console.log(`conflict: the note has revision ${late.error.details.revision}, the change is based on ${revision}`);
  }

  await client.note.delete({ id });
  const missing = await client.note.get.safe({ id });
  if (!missing.ok) console.log(`deleted: ${missing.error.status}`);
});
