import { expect, it } from "vitest";
import { clientAlgorithms, SERVER_ALGORITHMS } from "../../../../runtime/src/ssh/algorithms.js";

it("offers what an audit accepts, and nothing else", () => {
  expect(SERVER_ALGORITHMS).toEqual({
    // The first is the only one of these that dropbear knows.
    kex: [
      "curve25519-sha256@libssh.org",
      "curve25519-sha256",
      "diffie-hellman-group16-sha512",
      "diffie-hellman-group18-sha512",
    ],
    serverHostKey: ["ssh-ed25519"],
    cipher: ["aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr"],
    hmac: ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"],
    compress: ["none"],
  });
});

it("asks for the host key types that are known first, so that a good host does not look changed", () => {
  const others = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"];
  expect(clientAlgorithms(["ssh-rsa"]).serverHostKey).toEqual(["rsa-sha2-512", "rsa-sha2-256", ...others]);
  expect(clientAlgorithms([]).serverHostKey).toEqual([...others, "rsa-sha2-512", "rsa-sha2-256"]);
});
