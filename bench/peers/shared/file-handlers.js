// What `sshrpc serve` serves for stock ssh: as one would write it.
import { createReadStream } from "node:fs";
import { generated } from "./generated.js";

const { defineHandlers } = await generated("server.js");

const sizeOf = async (chunks) => {
  let size = 0;
  for await (const chunk of chunks) size += chunk.length;
  return { size };
};
const echo = { get: (value) => value };
const unused = (_request, ctx) => ctx.fail("UNIMPLEMENTED", undefined, "only small calls and bytes are served here");

export default defineHandlers({
  item: echo,
  list: echo,
  text: echo,
  items: { get: unused, store: unused, update: unused },
  bytes: {
    get: () => createReadStream(process.env["FILE"]),
    store: (_request, chunks) => sizeOf(chunks),
  },
});
