import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { within } from "../../../support/wait.js";
import { startBench } from "../../support.js";

const ETM = "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com";

/** What a server offers to a client with this identification: a KEXINIT (RFC 4253, section 7.1) is plain text. */
function offerFor(port: number, identification: string): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1" });
  onTestFinished(() => void socket.destroy());
  let text = "";
  return within(
    "the server's offer",
    new Promise((resolve, reject) => {
      socket.on("error", reject).on("close", () => reject(new Error(`closed after ${text.length} bytes`)));
      socket.on("data", (chunk: Buffer) => {
        text += chunk.toString("latin1");
        if (text.includes("none")) resolve(text);
      });
      socket.write(`SSH-2.0-${identification}\r\n`);
    }),
  );
}

const macsFor = async (port: number, identification: string) =>
  /hmac-[\w@.,-]+/.exec(await offerFor(port, identification))?.[0];

test("a server offers a key exchange on a NIST curve to Ruby's net-ssh, and to no others", async () => {
  const { listener } = await startBench();
  for (const identification of ["Ruby/Net::SSH_7.0.1 x86_64-linux-gnu", "Ruby/Net::SSH_6.1.0 x86_64-linux"]) {
    const offer = await offerFor(listener.port, identification);
    expect(offer).toMatch(/diffie-hellman-group18-sha512,kex-strict-s-v00@openssh\.com,ecdh-sha2-nistp256\0/);
  }
  expect(await offerFor(listener.port, "Go")).not.toContain("nistp256");
  const chosen = await startBench({ algorithms: { kex: ["curve25519-sha256"] } });
  expect(await offerFor(chosen.listener.port, "Ruby/Net::SSH_7.0.1")).not.toContain("nistp256");
});

test("a server offers hmac-sha2-256 to the clients without a better MAC, and to no others", async () => {
  const { listener } = await startBench();
  const with256 = `${ETM},hmac-sha2-256`;
  for (const identification of [
    "dropbear_2022.83",
    "Twisted_22.4.0",
    "libssh2_1.10.0",
    "libssh2_1.10.0 PHP",
    "libssh2_1.9.0_DEV",
    "libssh2_0.18",
  ]) {
    expect(await macsFor(listener.port, identification), identification).toBe(with256);
  }
  for (const identification of [
    "libssh2_1.11.0",
    "libssh2_1.11.1_DEV",
    "libssh2_1.100",
    "libssh2_2.0",
    "libssh_0.10.6",
    "Go",
  ]) {
    expect(await macsFor(listener.port, identification), identification).toBe(ETM);
  }
});

test("a server offers the MACs of its operator to every client", async () => {
  const { listener } = await startBench({ algorithms: { hmac: ["hmac-sha2-512-etm@openssh.com"] } });
  for (const identification of ["libssh2_1.10.0", "dropbear_2022.83", "Go"])
    expect(await macsFor(listener.port, identification), identification).toBe("hmac-sha2-512-etm@openssh.com");
});
