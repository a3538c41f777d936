/** `sshrpc/testing`: a server and its client in one process, with no SSH between them; and keys for a moment. */

export { memoryTransport } from "./base/memory-transport.js";
export { type InMemoryOptions, inMemory } from "./compose/in-memory.js";
export { generateKeyPair, type KeyPair } from "./compose/key-pair.js";
