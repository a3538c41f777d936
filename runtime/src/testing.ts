/** `sshrpc/testing`: a server and its client in one process, with no SSH between them; and keys for a moment. */
export { type InMemoryOptions, inMemory } from "./in-memory.js";
export { generateKeyPair, type KeyPair } from "./key-pair.js";
export { memoryTransport } from "./memory-transport.js";
