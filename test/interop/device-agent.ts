import { createHash, sign } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { BinaryReader } from "../../runtime/src/ssh/keys/format/binary-reader.js";
import { string, uint32 } from "../../runtime/src/ssh/keys/format/binary-writer.js";
import { takeSigningKey } from "../fixtures/keys.js";
import { tempDir } from "../unit/runtime/ssh/support.js";

const TYPE = "sk-ssh-ed25519@openssh.com";
const APPLICATION = "ssh:";
/** The flag that a user has touched the device. */
const FLAGS = 1;

/**
 * An agent with one key that behaves as if a FIDO device held it (PROTOCOL.u2f of OpenSSH): a test cannot touch a real one.
 * Returns its socket, and the key in the format of authorized_keys.
 */
export async function startDeviceAgent(): Promise<{ readonly socket: string; readonly line: string }> {
  const privateKey = takeSigningKey("ed25519");
  const point = Buffer.from(privateKey.export({ format: "jwk" }).x as string, "base64url");
  const blob = Buffer.concat([string(TYPE), string(point), string(APPLICATION)]);
  const sha256 = (data: Buffer | string) => createHash("sha256").update(data).digest();
  const answer = (request: Buffer): Buffer => {
    if (request[0] === 11) return Buffer.concat([Buffer.of(12), uint32(1), string(blob), string("a device")]);
    // Other requests, such as ssh's session-bind extension, are not supported.
    if (request[0] !== 13) return Buffer.of(5);
    const reader = new BinaryReader(request.subarray(1));
    reader.string();
    const device = Buffer.concat([Buffer.of(FLAGS), uint32(7)]);
    const message = Buffer.concat([sha256(APPLICATION), device, sha256(reader.string())]);
    const signature = Buffer.concat([string(TYPE), string(sign(null, message, privateKey)), device]);
    return Buffer.concat([Buffer.of(14), string(signature)]);
  };
  const server = createServer((socket: Socket) => {
    let heard = Buffer.alloc(0);
    socket
      .on("error", () => {})
      .on("data", (chunk) => {
        heard = Buffer.concat([heard, chunk]);
        if (heard.length < 4 || heard.length < 4 + heard.readUInt32BE()) return;
        const request = heard.subarray(4);
        heard = Buffer.alloc(0);
        // In pieces: the reader must not rely on packet boundaries.
        const reply = string(answer(request));
        socket.write(reply.subarray(0, 3));
        setImmediate(() => socket.write(reply.subarray(3)));
      });
  });
  const socket = `${tempDir()}/device`;
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  onTestFinished(() => void server.close());
  return { socket, line: `${TYPE} ${blob.toString("base64")}` };
}
