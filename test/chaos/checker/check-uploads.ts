import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { join } from "node:path";
import { receiptOf } from "../history/content.js";
import { UPLOAD } from "../history/effect.js";
import type { History } from "./history.js";
import type { Violations } from "./violations.js";

/** Each upload that the record has is on the disk with the content that was sent, and receipts say so. */
export async function checkUploads(directory: string, history: History, violations: Violations): Promise<void> {
  const rule = "an upload with a wrong checksum";
  for (const { intent, seq, size, sha256 } of history.effects.filter(({ method }) => method === UPLOAD)) {
    const { size: rightSize, sha256: right } = receiptOf(intent);
    if (sha256 !== right || size !== rightSize) {
      violations.add(rule, `${intent} (effect ${seq}): recorded ${size} bytes, ${sha256}; sent ${rightSize}, ${right}`);
    }
    const path = join(directory, "uploads", intent);
    const found = existsSync(path) ? await sumOf(path) : "no file";
    if (found !== right) violations.add(rule, `${intent} (effect ${seq}): the file has ${found}, not ${right}`);
  }
  for (const { method, id, intent = "", ended } of history.calls) {
    if (method !== UPLOAD || ended?.status !== "OK") continue;
    if (ended.sha256 !== receiptOf(intent).sha256)
      violations.add(rule, `${id}: ${intent}: the receipt has ${ended.sha256}`);
  }
}

async function sumOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
