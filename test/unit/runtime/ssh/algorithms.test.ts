import { expect, it } from "vitest";
import { clientAlgorithms, serverAlgorithms } from "../../../../runtime/src/ssh/algorithms.js";

it("offers the algorithms that a security audit accepts, and no others", () => {
  expect(serverAlgorithms()).toEqual({
    // dropbear knows the first of these alone.
    kex: [
      "curve25519-sha256@libssh.org",
      "curve25519-sha256",
      "diffie-hellman-group16-sha512",
      "diffie-hellman-group18-sha512",
    ],
    // ssh2 offers those that it has a key for.
    serverHostKey: [
      "ssh-ed25519",
      "ecdsa-sha2-nistp256",
      "ecdsa-sha2-nistp384",
      "ecdsa-sha2-nistp521",
      "rsa-sha2-512",
      "rsa-sha2-256",
    ],
    cipher: ["aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr"],
    hmac: ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"],
    compress: ["none"],
  });
});

it("prefers known host key types, so that a known host does not look changed", () => {
  const others = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"];
  expect(clientAlgorithms(["ssh-rsa"]).serverHostKey).toEqual(["rsa-sha2-512", "rsa-sha2-256", ...others]);
  expect(clientAlgorithms([]).serverHostKey).toEqual([...others, "rsa-sha2-512", "rsa-sha2-256"]);
});

it("offers the chosen algorithms in their order, and rejects weak ones", () => {
  expect(serverAlgorithms({ cipher: ["aes128-ctr", "aes256-gcm@openssh.com", "aes128-ctr"] }).cipher).toEqual([
    "aes128-ctr",
    "aes256-gcm@openssh.com",
  ]);
  const failure = (wanted: Parameters<typeof serverAlgorithms>[0]) => {
    try {
      serverAlgorithms(wanted);
    } catch (error) {
      return (error as Error).message;
    }
    return "offered";
  };
  expect(failure({ kex: ["diffie-hellman-group14-sha1"] })).toMatch(
    /^the option algorithms\.kex: "diffie-hellman-group14-sha1" is not offered: broken or weak hash.*choose from curve/,
  );
  expect(failure({ kex: ["diffie-hellman-group14-sha256"] })).toMatch(/group too small/);
  expect(failure({ kex: ["mlkem768x25519-sha256"] })).toMatch(/no post-quantum key exchange/);
  expect(failure({ cipher: ["aes256-cbc"] })).toMatch(/plaintext recovery/);
  expect(failure({ cipher: ["chacha20-poly1305@openssh.com"] })).toMatch(/CVE-2023-48795/);
  expect(failure({ hmac: ["hmac-sha2-256"] })).toMatch(/authenticates the plaintext/);
  expect(failure({ hmac: [] })).toMatch(/^the option algorithms\.hmac is empty/);
  expect(failure({ cipher: ["rot13\n"] })).toMatch(/: "rot13\\u\{a\}" is not offered: unknown/);
});
