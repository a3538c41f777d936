import { expect, it } from "vitest";
import { algorithmOf } from "../../../../../../runtime/src/ssh/client/auth/offered-key.js";

it.each([
  ["ssh-ed25519", undefined, "ssh-ed25519", "ssh-ed25519"],
  ["ssh-ed25519", ["rsa-sha2-512"], "ssh-ed25519", "ssh-ed25519"],
  ["ssh-ed25519-cert-v01@openssh.com", undefined, "ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519"],
  ["sk-ssh-ed25519@openssh.com", [], "sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519@openssh.com"],
  [
    "sk-ssh-ed25519-cert-v01@openssh.com",
    undefined,
    "sk-ssh-ed25519-cert-v01@openssh.com",
    "sk-ssh-ed25519@openssh.com",
  ],
  ["ssh-rsa", undefined, "rsa-sha2-256", "rsa-sha2-256"],
  ["ssh-rsa", ["ssh-rsa", "rsa-sha2-256", "rsa-sha2-512"], "rsa-sha2-512", "rsa-sha2-512"],
  ["ssh-rsa", ["ssh-rsa", "rsa-sha2-256"], "rsa-sha2-256", "rsa-sha2-256"],
  // A server that lists only other types may support RSA.
  ["ssh-rsa", ["ssh-ed25519"], "rsa-sha2-256", "rsa-sha2-256"],
  ["ssh-rsa-cert-v01@openssh.com", ["rsa-sha2-512"], "rsa-sha2-512-cert-v01@openssh.com", "rsa-sha2-512"],
])("offers %s to a server that accepts %s as %s", (type, accepted, request, signature) => {
  expect(algorithmOf(type, accepted)).toEqual({ request, signature });
});

it("offers no RSA key to a server that accepts only SHA-1 signatures", () => {
  expect(algorithmOf("ssh-rsa", ["ssh-rsa"])).toBeUndefined();
  expect(algorithmOf("ssh-rsa-cert-v01@openssh.com", ["ssh-rsa", "ssh-ed25519"])).toBeUndefined();
});
