/** `sshrpc/testing`: a server and its client in one process without SSH, and temporary keys. */

export { duplexPair, memoryTransport } from "./base/memory-transport.js";
export { type InMemoryOptions, type InMemoryServer, inMemory } from "./compose/in-memory.js";
export { generateKeyPair, type KeyPair } from "./compose/key-pair.js";
