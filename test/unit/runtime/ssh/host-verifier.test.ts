import { expect, it } from "vitest";
import { HostVerifier } from "../../../../runtime/src/ssh/host-verifier.js";
import { generateEd25519 } from "../../../../runtime/src/ssh/keys/generate-ed25519.js";
import type { KnownHost } from "../../../../runtime/src/ssh/keys/known-hosts.js";

const [good, other] = [generateEd25519().publicKey, generateEd25519().publicKey];
const entry = (key: typeof good, line = 1): KnownHost => ({ key, file: "/etc/known", line });
const none = { files: ["/etc/known"], known: [], revoked: [], authorities: [], portless: { known: [], revoked: [] } };

it("accepts a key that is known, and the same one again when keys are renewed, but no other then", () => {
  const verifier = new HostVerifier("edge", 22, { knownHosts: { ...none, known: [entry(other), entry(good)] } });
  expect(verifier.verify(good.blob)).toBe(true);
  expect(verifier.verify(good.blob)).toBe(true);
  expect(verifier.refusal).toBeUndefined();
  expect(verifier.verify(other.blob)).toBe(false);
  expect(verifier.refusal?.message).toMatch(/presented another host key .* in the middle of the connection/);
});

it("does not take an authority's line for the host's key, and names the transport that can use it", () => {
  const verifier = new HostVerifier("edge", 22, { knownHosts: { ...none, authorities: [entry(good, 7)] } });
  expect(verifier.verify(good.blob)).toBe(false);
  expect(verifier.refusal?.message).toMatch(
    /^unknown host: .*\/etc\/known:7 lists an authority for it, but .* transport: "openssh"/,
  );
});

it("refuses what is no key at all", () => {
  const verifier = new HostVerifier("edge", 22, { knownHosts: none });
  expect(verifier.verify(Buffer.from("rubbish"))).toBe(false);
  expect(verifier.refusal).toMatchObject({ status: "UNAUTHENTICATED" });
});
