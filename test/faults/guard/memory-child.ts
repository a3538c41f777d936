import type { Duplex } from "node:stream";
import { generateEd25519 } from "../../../runtime/src/ssh/keys/format/generate-ed25519.js";
import { publicKeyLine } from "../../../runtime/src/ssh/keys/format/public-key.js";
import { listen } from "../../../runtime/src/ssh/server/listen.js";

// A server in a process of its own, so that its memory can be measured. Its channels read nothing, or write without
// end; on request it reports its memory, and the peak since the last request.

const [host, alice] = [generateEd25519("host"), generateEd25519("alice")];
let peak = 0;

function serve(duplex: Duplex): void {
  duplex.on("error", () => {});
  if (process.argv[2] !== "write") return;
  const more = (): void => {
    while (!duplex.destroyed && duplex.write(Buffer.alloc(65_536)));
  };
  duplex.on("drain", more);
  more();
}

const options = {
  port: 0,
  hostKeys: { privateKey: host.privateKey },
  authorizedKeys: { lines: [publicKeyLine(alice.publicKey)] },
};
const listener = await listen(options, [
  { name: "test", match: ({ kind }) => kind === "subsystem", run: ({ stream }) => serve(stream) },
]);
setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 10).unref();
process.on("message", () => {
  globalThis.gc?.();
  const now = process.memoryUsage.rss();
  process.send?.({ now, peak: Math.max(peak, now) });
  peak = now;
});
process.on("disconnect", () => process.exit(0));
process.send?.({ port: listener.port, privateKey: alice.privateKey });
