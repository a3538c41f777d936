import type { Frame } from "../../../../runtime/src/wire/encode.js";
import { FLAG, FRAME } from "../../../../runtime/src/wire/frame.js";

/** One frame and its bytes. PROTOCOL.md lists the same, so that another implementation can be held against them. */
export interface Vector {
  readonly name: string;
  readonly frame: Frame;
  /** Length, kind, flags, id and payload, in hex without spaces. */
  readonly hex: string;
}

const text = (value: string): string => Buffer.from(value).toString("hex");

const WITH_BUILT_IN =
  '{"api":{"name":"notes","version":"1.0.0","hash":"9f86"},"builtIn":["GET /sshrpc/methods"],"methods":[],"limits":{"message":1024,"calls":8}}';

export const VECTORS: readonly Vector[] = [
  {
    name: "HELLO",
    frame: { kind: FRAME.HELLO, id: 0, body: '{"methods":[],"limits":{"message":1024,"calls":8}}' },
    hex: `00000032 01 00 00000000 ${text('{"methods":[],"limits":{"message":1024,"calls":8}}')}`,
  },
  {
    name: "HELLO with a window of the connection",
    frame: { kind: FRAME.HELLO, id: 0, body: '{"methods":[],"limits":{"message":1024,"calls":8,"connection":4096}}' },
    hex: `00000044 01 00 00000000 ${text('{"methods":[],"limits":{"message":1024,"calls":8,"connection":4096}}')}`,
  },
  {
    name: "HELLO with a contract and a built-in method",
    frame: { kind: FRAME.HELLO, id: 0, body: WITH_BUILT_IN },
    hex: `0000008b 01 00 00000000 ${text(WITH_BUILT_IN)}`,
  },
  {
    name: "OPEN of method 0, without a deadline, with an empty request",
    frame: { kind: FRAME.OPEN, id: 1, method: 0 },
    hex: "0000000a 02 00 00000001 0000 00000000 00000000",
  },
  {
    name: "OPEN of method 258, within 250 ms, with a request",
    frame: { kind: FRAME.OPEN, id: 3, method: 258, timeout: 250, body: '{"id":42}' },
    hex: "00000013 02 00 00000003 0102 000000fa 00000000 7b226964223a34327d",
  },
  {
    name: "OPEN with metadata",
    frame: { kind: FRAME.OPEN, id: 5, method: 1, timeout: 1000, metadata: '[["a","b"],["a","☺"]]', body: "{}" },
    hex: `00000027 02 01 00000005 0001 000003e8 00000000 00000017 ${text('[["a","b"],["a","☺"]]')} 7b7d`,
  },
  {
    name: "OPEN with a request stream and 64 KiB of credit",
    frame: { kind: FRAME.OPEN, id: 7, flags: FLAG.STREAM, method: 2, credit: 65_536, body: "{}" },
    hex: "0000000c 02 02 00000007 0002 00000000 00010000 7b7d",
  },
  { name: "ITEM of JSON", frame: { kind: FRAME.ITEM, id: 7, body: '"☺"' }, hex: "00000005 03 00 00000007 22e298ba22" },
  {
    name: "ITEM of raw bytes",
    frame: { kind: FRAME.ITEM, id: 2, body: Uint8Array.of(0, 255, 10) },
    hex: "00000003 03 00 00000002 00ff0a",
  },
  {
    name: "ITEM of JSON with a position",
    frame: { kind: FRAME.ITEM, id: 1, position: "é7", body: "7" },
    hex: "00000006 03 08 00000001 0003 c3a937 37",
  },
  {
    name: "ITEM of no bytes with a position",
    frame: { kind: FRAME.ITEM, id: 1, position: "7" },
    hex: "00000003 03 08 00000001 0001 37",
  },
  { name: "END", frame: { kind: FRAME.END, id: 7 }, hex: "00000000 04 00 00000007" },
  {
    name: "HEADERS",
    frame: { kind: FRAME.HEADERS, id: 7, metadata: '[["x","1"]]' },
    hex: "0000000f 05 01 00000007 0000000b 5b5b2278222c2231225d5d",
  },
  {
    name: "STATUS 200 with a response",
    frame: { kind: FRAME.STATUS, id: 3, code: 200, body: "null" },
    hex: "00000006 06 00 00000003 00c8 6e756c6c",
  },
  {
    name: "STATUS 404 with an error",
    frame: { kind: FRAME.STATUS, id: 3, code: 404, body: '{"message":"no such note","details":{"id":42}}' },
    hex: `00000030 06 00 00000003 0194 ${text('{"message":"no such note","details":{"id":42}}')}`,
  },
  {
    name: "STATUS with trailers",
    frame: { kind: FRAME.STATUS, id: 4_294_967_295, code: 200, metadata: '[["x","1"]]', body: "1" },
    hex: "00000012 06 01 ffffffff 00c8 0000000b 5b5b2278222c2231225d5d 31",
  },
  { name: "CANCEL", frame: { kind: FRAME.CANCEL, id: 3 }, hex: "00000000 07 00 00000003" },
  {
    name: "CREDIT of 2,048 bytes for the connection",
    frame: { kind: FRAME.CREDIT, id: 0, credit: 2048 },
    hex: "00000004 08 00 00000000 00000800",
  },
  {
    name: "CREDIT of 4 GiB less one",
    frame: { kind: FRAME.CREDIT, id: 7, credit: 4_294_967_295 },
    hex: "00000004 08 00 00000007 ffffffff",
  },
  {
    name: "DRAIN",
    frame: { kind: FRAME.DRAIN, id: 0, body: '{"message":"restart"}' },
    hex: `00000015 09 00 00000000 ${text('{"message":"restart"}')}`,
  },
  {
    name: "STATUS 503 of a call that was never begun",
    frame: { kind: FRAME.STATUS, id: 3, flags: FLAG.REFUSED, code: 503, body: '{"message":"busy"}' },
    hex: `00000014 06 04 00000003 01f7 ${text('{"message":"busy"}')}`,
  },
  {
    name: "CLOSE",
    frame: { kind: FRAME.CLOSE, id: 0, body: '{"message":"done"}' },
    hex: `00000012 0a 00 00000000 ${text('{"message":"done"}')}`,
  },
  {
    name: "CLOSE after which no call was begun",
    frame: { kind: FRAME.CLOSE, id: 0, flags: FLAG.REFUSED, body: '{"message":"done"}' },
    hex: `00000012 0a 04 00000000 ${text('{"message":"done"}')}`,
  },
].map((vector) => ({ ...vector, hex: vector.hex.replaceAll(" ", "") }));

/** What each side sends first. */
export const PREAMBLE_HEX = "0073736872706301";
