import { Bytes, defineResources } from "sshrpc/schema";
import Type from "typebox";

/**
 * A file name: one path segment, not `.` or `..`, and without the prefix `.sshrpc-`, which marks incomplete files.
 */
export const FileName = Type.String({ pattern: "^(?!\\.\\.?$|\\.sshrpc-)[^/\\\\\\u0000]+$", maxLength: 255 });

/** Names one file. */
export const FileRef = Type.Object({ name: FileName });

/** The SHA-256 checksum of a file's content, as 64 hexadecimal digits (FIPS 180-4). */
export const Sha256 = Type.String({ pattern: "^[0-9a-f]{64}$" });

/** The size and checksum of a file, to verify a transfer. */
export const Checksum = Type.Object({
  /** The size of the content in bytes. */
  bytes: Type.Integer({ minimum: 0 }),
  sha256: Sha256,
});

/** A stored file. */
export const Receipt = Type.Object({
  name: FileName,
  /** The size of the content in bytes. */
  bytes: Type.Integer({ minimum: 0 }),
  sha256: Sha256,
});

/** Streams of raw bytes, in both directions, of any size: neither side buffers a whole file. */
export const files = defineResources({
  /** One file. `{name}` of the path is the field `name` of each request. */
  files: {
    path: "/files/{name}",
    /** Streams the content, and responds with its size and checksum. */
    GET: {
      request: FileRef,
      responseStream: Bytes,
      response: Checksum,
      scope: "files:read",
      errors: { NOT_FOUND: FileRef },
    },
    /**
     * Stores the content. The file appears under its name once all of it has arrived, never in part. An upload goes on after lost connections,
     * and where the server keeps its ledger in a file, also after a restart.
     */
    STORE: {
      request: Type.Object({
        name: FileName,
        /** The expected checksum, if the caller knows it. */
        sha256: Type.Optional(Sha256),
      }),
      requestStream: Bytes,
      response: Receipt,
      scope: "files:write",
      onInterrupt: "run",
      errors: {
        /** The content does not match the announced checksum. */
        CONFLICT: Type.Object({
          /** The announced checksum. */
          expected: Sha256,
          /** The checksum of the content that arrived. */
          actual: Sha256,
        }),
      },
    },
  },
});
