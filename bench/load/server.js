// The server process of a peer. Its parent is the client process, which asks what it uses.

import { loadPeer } from "../peers/peer.js";
import { usage } from "./usage.js";

const [name] = process.argv.slice(2);
const peer = await loadPeer(name);
const address = await peer.serve();

process.on("message", (question) => process.send(usage(question)));
process.on("disconnect", () => process.exit());
process.send(address);
