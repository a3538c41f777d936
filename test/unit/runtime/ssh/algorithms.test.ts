import { expect, it } from "vitest";
import { clientAlgorithms, serverAlgorithms } from "../../../../runtime/src/ssh/algorithms.js";

it("offers what an audit accepts, and nothing else", () => {
  expect(serverAlgorithms()).toEqual({
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

it("offers what was chosen, in that order, and never anything weak", () => {
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
    /^the option algorithms\.kex names "diffie-hellman-group14-sha1", which is not offered: its hash is broken.*choose from curve/,
  );
  expect(failure({ kex: ["diffie-hellman-group14-sha256"] })).toMatch(/its group is too small/);
  expect(failure({ kex: ["mlkem768x25519-sha256"] })).toMatch(/no post-quantum key exchange/);
  expect(failure({ cipher: ["aes256-cbc"] })).toMatch(/gives plaintext away/);
  expect(failure({ cipher: ["chacha20-poly1305@openssh.com"] })).toMatch(/CVE-2023-48795/);
  expect(failure({ hmac: ["hmac-sha2-256"] })).toMatch(/authenticates the plaintext/);
  expect(failure({ hmac: [] })).toMatch(/^the option algorithms\.hmac is empty/);
  expect(failure({ cipher: ["rot13\n"] })).toMatch(/names "rot13\\u\{a\}", which is not offered: it is not known/);
});
