import { expect, it } from "vitest";
import { HostVerifier } from "../../../../../../runtime/src/ssh/client/trust/host-verifier.js";
import { generateEd25519 } from "../../../../../../runtime/src/ssh/keys/format/generate-ed25519.js";
import type { KnownHost } from "../../../../../../runtime/src/ssh/keys/lists/known-hosts.js";

const [good, other] = [generateEd25519().publicKey, generateEd25519().publicKey];
const entry = (key: typeof good, line = 1): KnownHost => ({ key, file: "/etc/known", line });
const none = {
  files: ["/etc/known"],
  known: [],
  revoked: [],
  authorities: [],
  portless: { known: [], revoked: [], authorities: [] },
};

it("accepts a known key, and in a rekey only the same key", () => {
  const verifier = new HostVerifier("edge", 22, { knownHosts: { ...none, known: [entry(other), entry(good)] } });
  expect(verifier.verify(good.blob)).toBe(true);
  expect(verifier.verify(good.blob)).toBe(true);
  expect(verifier.refusal).toBeUndefined();
  expect(verifier.verify(other.blob)).toBe(false);
  expect(verifier.refusal?.message).toMatch(
    /^HOST KEY CHANGED: edge:22 offers .* in a rekey, not the key of the connection/,
  );
});

it("does not accept an authority as the host key, and names the transport for RSA certificates", () => {
  const verifier = new HostVerifier("edge", 22, { knownHosts: { ...none, authorities: [entry(good, 7)] } });
  expect(verifier.verify(good.blob)).toBe(false);
  expect(verifier.refusal?.message).toMatch(
    /^unknown host key: .*\/etc\/known:7 lists an authority for this host, but .* transport: "openssh"/,
  );
});

it("rejects bytes that are not a key", () => {
  const verifier = new HostVerifier("edge", 22, { knownHosts: none });
  expect(verifier.verify(Buffer.from("rubbish"))).toBe(false);
  expect(verifier.refusal).toMatchObject({ kind: "unauthenticated" });
});

it("calls a policy for unknown keys, and neither for revoked nor for known ones", async () => {
  const refuse = () => {
    throw new Error("it was asked");
  };
  const known = new HostVerifier("edge", 22, { knownHosts: { ...none, known: [entry(good)] }, policy: refuse });
  expect(await known.verify(good.blob)).toBe(true);
  const revoked = new HostVerifier("edge", 22, { knownHosts: { ...none, revoked: [entry(good)] }, policy: () => true });
  expect(await revoked.verify(good.blob)).toBe(false);
  const elsewhere = { ...none, portless: { known: [], revoked: [entry(good)], authorities: [] } };
  expect(await new HostVerifier("edge", 8022, { knownHosts: elsewhere, policy: "accept-new" }).verify(good.blob)).toBe(
    false,
  );
  const throwing = new HostVerifier("edge", 22, { knownHosts: none, policy: refuse });
  expect(await throwing.verify(good.blob)).toBe(false);
  expect(throwing.refusal?.message).toMatch(/^the option hostKey failed \(it was asked\): unknown host key: /);
});

it("calls the policy once per key, with all fields, and distinguishes unknown from changed keys", async () => {
  const asked: unknown[] = [];
  const accepted = new Set<string>();
  const policy = (question: unknown) => {
    asked.push(question);
    return true;
  };
  for (let connection = 0; connection < 2; connection++) {
    const verifier = new HostVerifier("Edge", 8022, { knownHosts: none, policy, accepted });
    expect(await verifier.verify(good.blob)).toBe(true);
    expect(await verifier.verify(good.blob)).toBe(true);
    expect(await verifier.verify(other.blob)).toBe(false);
  }
  const changed = { ...none, known: [entry(other)] };
  expect(await new HostVerifier("edge", 22, { knownHosts: changed, policy }).verify(good.blob)).toBe(true);
  const about = { keyType: "ssh-ed25519", fingerprint: good.fingerprint };
  const key = `ssh-ed25519 ${good.blob.toString("base64")}`;
  expect(asked).toEqual([
    { host: "Edge", port: 8022, ...about, line: `[edge]:8022 ${key}`, reason: "unknown" },
    { host: "edge", port: 22, ...about, line: `edge ${key}`, reason: "changed" },
  ]);
});

it("accepts the key of a new host, and rejects a changed key or another type for a known one", async () => {
  const policy = "accept-new";
  expect(await new HostVerifier("edge", 22, { knownHosts: none, policy }).verify(good.blob)).toBe(true);
  const rsa = { ...entry(other), key: { ...other, type: "ssh-rsa" } };
  for (const one of [entry(other), rsa]) {
    const verifier = new HostVerifier("edge", 22, { knownHosts: { ...none, known: [one] }, policy });
    expect(await verifier.verify(good.blob)).toBe(false);
    expect(verifier.refusal?.message).toMatch(/^HOST KEY CHANGED/);
  }
  const nowhere = new HostVerifier("edge", 22, { knownHosts: { ...none, files: [] }, policy });
  expect(await nowhere.verify(good.blob)).toBe(false);
  expect(nowhere.refusal?.message).toMatch(/^cannot save .*: the option knownHosts names no file/);
  const failing = new HostVerifier("edge", 22, { knownHosts: { ...none, files: ["/dev/null/x"] }, policy });
  expect(await failing.verify(good.blob)).toBe(true);
  await expect(failing.confirm()).rejects.toMatchObject({ kind: "unauthenticated" });
  expect(failing.refusal?.message).toMatch(/^cannot add edge to the known hosts file \/dev\/null\/x/);
});

it("prefers the types of the known keys of its port, and of the others only without one", () => {
  const rsa = { ...entry(other), key: { ...other, type: "ssh-rsa" } };
  const portless = { known: [rsa], revoked: [], authorities: [] };
  const types = (knownHosts: typeof none) => new HostVerifier("edge", 8022, { knownHosts }).knownTypes;
  expect(types({ ...none, known: [entry(good)], portless } as never)).toEqual(["ssh-ed25519"]);
  expect(types({ ...none, portless } as never)).toEqual(["ssh-rsa"]);
  expect(types(none)).toEqual([]);
});

it("names where to add the key of an unknown host, also without a known_hosts file", () => {
  const verifier = new HostVerifier("edge", 22, { knownHosts: { ...none, files: [] } });
  expect(verifier.verify(good.blob)).toBe(false);
  expect(verifier.refusal?.message).toMatch(
    /and known_hosts has no key of this host\. .* add this line to a known_hosts file: edge ssh-ed25519 /,
  );
});
