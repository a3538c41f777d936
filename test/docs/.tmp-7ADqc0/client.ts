import { createReadStream } from "node:fs";
// client.ts
import { connect } from "./generated/client.js";

await using client = await connect("ssh://alice@127.0.0.1:8022");

const note = await client.notes.store({ text: "Buy milk" });        // note: { id: number; text: string }
console.log(await client.note.get({ id: note.id }, { timeout: 250 }));

const result = await client.note.get.safe({ id: 7 });               // errors as values, typed by the schema
if (!result.ok && result.error.status === "NOT_FOUND") console.log(`no note ${result.error.details.id}`);

for await (const { n } of client.ticks.get({ count: 10 })) {
  console.log(n);
  if (n === 3) break;                                                // cancels the call
}
console.log(await client.picture.store({ name: "cat" }, createReadStream("cat.jpg")));
for await (const line of client.shout.update({}, ["hello", "world"])) console.log(line);
