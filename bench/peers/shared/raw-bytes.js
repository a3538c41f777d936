// Raw bytes on a duplex, for the limits: the client says in one byte which direction, and in eight how many bytes.
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { chunksOf } from "../../values.js";

const [DOWN, UP] = [0, 1];
const REQUEST = 9;

/** Serves one transfer on a duplex. */
export function serveBytes(duplex) {
  duplex.once("data", (first) => {
    const size = Number(first.readBigUInt64BE(1));
    if (first[0] === DOWN) pipeline(Readable.from(chunksOf(size)), duplex).catch(() => duplex.destroy());
    else counted(duplex, size, first.length - REQUEST).then(() => duplex.end("1"));
  });
}

/** @param open opens a duplex. @returns {import("../peer.js").Bytes} */
export function rawBytes(open) {
  return {
    async down(size) {
      const duplex = await open();
      duplex.write(request(DOWN, size));
      const arrived = await counted(duplex, size);
      duplex.end();
      return arrived;
    },
    async up(size) {
      const duplex = await open();
      duplex.write(request(UP, size));
      const confirmed = counted(duplex, 1);
      for (const chunk of chunksOf(size)) {
        if (!duplex.write(chunk)) await new Promise((resolve) => duplex.once("drain", resolve));
      }
      await confirmed;
      duplex.end();
      return size;
    },
  };
}

function request(direction, size) {
  const bytes = Buffer.alloc(REQUEST);
  bytes[0] = direction;
  bytes.writeBigUInt64BE(BigInt(size), 1);
  return bytes;
}

/** Reads `size` bytes. */
function counted(duplex, size, before = 0) {
  return new Promise((resolve, reject) => {
    let count = before;
    duplex.on("error", reject);
    duplex.on("close", () => reject(new Error(`closed after ${count} of ${size} bytes`)));
    duplex.on("data", (chunk) => {
      count += chunk.length;
      if (count >= size) resolve(count);
    });
  });
}
