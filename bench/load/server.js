// The server process of a peer. Its parent is the client process, which asks what it uses.

import { loadPeer } from "../peers/peer.js";
import { usage } from "./usage.js";

const [name] = process.argv.slice(2);

/** Standard error is for the log of the peer, so an error is a message. */
async function start() {
  try {
    const { serve } = await loadPeer(name);
    return { address: await serve() };
  } catch (error) {
    return { error: /** @type {Error} */ (error).stack };
  }
}

process.on("message", (/** @type {any} */ question) => process.send(usage(question)));
process.on("disconnect", () => process.exit());
process.send(await start());
