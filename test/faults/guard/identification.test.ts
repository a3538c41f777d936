import { expect, test } from "vitest";
import { startBench } from "../../unit/runtime/ssh/support.js";
import { within } from "../../unit/runtime/support/wait.js";
import { endedFor, rawSocket, reasons } from "./support.js";

/** An identification string of this many bytes, the end of the line included. */
const ofSize = (size: number) => `SSH-2.0-${"x".repeat(size - 10)}\r\n`;

test.each(["SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "SSH-2.0-x\n", "SSH-1.99-old\r\n", "SSH-2.0-x\r\n\0\0", ofSize(255)])(
  "a server answers a client that begins with %j",
  async (text) => {
    const bench = await startBench();
    const socket = await rawSocket(bench);
    let received = "";
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
    });
    // Waits for the end of the line.
    socket.write(text.slice(0, 8), "latin1");
    setTimeout(() => socket.write(text.slice(8), "latin1"), 20);
    // The identification string of the server, and its KEXINIT.
    await expect.poll(() => received.charCodeAt(received.indexOf("\r\n") + 2 + 5)).toBe(20);
    expect(received).toMatch(/^SSH-2\.0-/);
    expect(reasons(bench)).toEqual([]);
  },
);

test.each([
  ["GET / HTTP/1.1\r\n", /^not an SSH client: received "GET \/ HTTP\/1.1"$/],
  ["\x16\x03\x01", /^not an SSH client: received "\\u\{16\}/],
  ["\n", /^not an SSH client/],
  ["PROXY TCP4 192.0.2.7 10.0.0.1 1 2\r\n", /^PROXY protocol header from a source that proxyProtocol does not list$/],
  ["SSH-1.5-old\r\n", /^unsupported identification string: received "SSH-/],
  ["SSH-2.0-\r\n", /^unsupported identification string: received "SSH-/],
  ["SSH-2.0-a\rb\r\n", /^unsupported identification string: received "SSH-/],
  [ofSize(256), /^identification string without an end of line in 255 bytes$/],
])("a server refuses a client that begins with %j", async (text, reason) => {
  const bench = await startBench();
  const socket = await rawSocket(bench);
  socket.write(text, "latin1");
  await within("the end", socket.gone);
  await endedFor(bench, reason);
  await bench.dial();
});
