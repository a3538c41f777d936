import { Bytes, defineResources } from "sshrpc/schema";
import Type from "typebox";

/**
 * The name of a file: one name, with no folders before it, and never `.` or `..`, nor one that begins with `.sshrpc-`, as
 * those of files do that are not complete.
 */
export const FileName = Type.String({ pattern: "^(?!\\.\\.?$|\\.sshrpc-)[^/\\\\\\u0000]+$", maxLength: 255 });

/** Names one file. */
export const FileRef = Type.Object({ name: FileName });

/** What a file's content comes to, as 64 hexadecimal digits (FIPS 180-4). */
export const Sha256 = Type.String({ pattern: "^[0-9a-f]{64}$" });

/** Tells whether everything arrived. */
export const Checksum = Type.Object({
  /** How long the content is. */
  bytes: Type.Integer({ minimum: 0 }),
  sha256: Sha256,
});

/** What was stored. */
export const Receipt = Type.Object({
  name: FileName,
  /** How long the content is. */
  bytes: Type.Integer({ minimum: 0 }),
  sha256: Sha256,
});

/** Streams of raw bytes, in both directions. They are as large as they are: neither side holds more than a part. */
export const files = defineResources({
  /** One file. `{name}` of the path is the field `name` of each request. */
  files: {
    path: "/files/{name}",
    /** Sends the content, and at its end what it must come to. */
    GET: {
      request: FileRef,
      responseStream: Bytes,
      response: Checksum,
      scope: "files:read",
      errors: { NOT_FOUND: FileRef },
    },
    /** Takes the content, and puts the file in its place when all of it has arrived: nobody sees a part of it. */
    STORE: {
      request: Type.Object({
        name: FileName,
        /** What the content must come to, where the caller knows. */
        sha256: Type.Optional(Sha256),
      }),
      requestStream: Bytes,
      response: Receipt,
      scope: "files:write",
      errors: {
        /** Something else arrived than the caller has announced. */
        CONFLICT: Type.Object({
          /** What the caller announced. */
          expected: Sha256,
          /** What arrived. */
          actual: Sha256,
        }),
      },
    },
  },
});
