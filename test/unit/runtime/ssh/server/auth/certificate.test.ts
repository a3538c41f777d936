import { expect, it } from "vitest";
import { parseCertificate } from "../../../../../../runtime/src/ssh/keys/format/certificate.js";
import type { KeyAuthority } from "../../../../../../runtime/src/ssh/keys/lists/key-lookup.js";
import { certificateGrant, describeCertificate } from "../../../../../../runtime/src/ssh/server/auth/certificate.js";
import { type CertificateFields, makeCertificate, makeSigner, string } from "../../keys/make-keys.js";

const authority = makeSigner("ssh-ed25519");
const user = makeSigner("ssh-ed25519");
const NOW = BigInt(Math.floor(Date.now() / 1000));
const flag = Buffer.alloc(0);

const grant = (
  fields: CertificateFields = {},
  lines: readonly KeyAuthority[] = [{ scopes: ["notes:*"] }],
  address = "192.0.2.7:50122",
) =>
  certificateGrant(parseCertificate(makeCertificate(user, authority, fields)), { user: "alice", address }, () => lines);

const refusal = (reason: string | RegExp) => ({
  deny: typeof reason === "string" ? `the certificate is refused: ${reason}` : expect.stringMatching(reason),
});

it("asks for the authority by its key, with the name and address of the holder", async () => {
  const seen: unknown[] = [];
  await certificateGrant(
    parseCertificate(makeCertificate(user, authority)),
    { user: "alice", address: "192.0.2.7:50122" },
    (attempt) => {
      seen.push(attempt);
      return [];
    },
  );
  expect(seen).toEqual([{ user: "alice", address: "192.0.2.7:50122", key: authority.publicKey }]);
});

it.each([
  ["for a host", { role: 2 }, "it is a host certificate, which lets no user in"],
  ["that begins in a minute", { validAfter: NOW + 60n }, /not valid before 20/],
  ["that ends this second", { validBefore: NOW }, /it has expired on 20/],
  ["that ends before it begins", { validAfter: NOW + 60n, validBefore: NOW - 60n }, /not valid before/],
  ["that began in the year 10^11", { validAfter: 2n ** 63n }, /not valid before \+275760/],
  ["for another principal", { principals: ["bob", "alicea", "Alice", "ali*"] }, "none of its principals is alice"],
  ["for nobody", { principals: [] }, /it names no principal/],
  [
    "with a critical option that is not known",
    { criticalOptions: [["x@y", flag]] },
    "its critical option x@y is not known",
  ],
  ["that forces a command", { criticalOptions: [["force-command", string("id")]] }, /it forces a command/],
  [
    "for another network",
    { criticalOptions: [["source-address", string("198.51.100.0/24")]] },
    /198\.51\.100\.0\/24 does not cover 192\.0\.2\.7$/,
  ],
  ["with an empty source-address", { criticalOptions: [["source-address", flag]] }, /source-address/],
  [
    "with a damaged source-address",
    { criticalOptions: [["source-address", string("192.0.2.0/33")]] },
    /source-address is damaged/,
  ],
] as [string, CertificateFields, string | RegExp][])("refuses a certificate %s", async (_, fields, reason) => {
  expect(await grant(fields)).toEqual(refusal(reason));
});

it("refuses one whose authority is not listed, or has not signed it", async () => {
  expect(await grant({}, [])).toEqual(refusal("its authority is not listed"));
  const mallory = makeSigner("ssh-ed25519");
  const forged = parseCertificate(makeCertificate(user, mallory, { authorityBlob: authority.publicKey.blob }));
  const holder = { user: "alice", address: "192.0.2.7:1" };
  expect(await certificateGrant(forged, holder, () => [{ scopes: ["*"] }])).toEqual(
    refusal("its authority has not signed it, or with SHA-1"),
  );
});

it("takes an address within its networks, of both families", async () => {
  const criticalOptions = [["source-address", string("192.0.2.0/24,2001:db8::/32")]] as const;
  expect(await grant({ criticalOptions })).toMatchObject({ scopes: ["notes:*"] });
  expect(await grant({ criticalOptions }, undefined, "[2001:db8::7]:50122")).toMatchObject({ scopes: ["notes:*"] });
  expect(await grant({ criticalOptions }, undefined, "[2001:db9::7]:50122")).toHaveProperty("deny");
});

it("gives what the first line gives whose principals the certificate has", async () => {
  const lines = [
    { principals: ["admins"], scopes: ["*"] },
    { principals: ["readers", "guests"], scopes: ["notes:read"] },
  ];
  expect(await grant({ principals: ["guests"] }, lines)).toMatchObject({ scopes: ["notes:read"] });
  expect(await grant({ principals: ["guests", "admins"] }, lines)).toMatchObject({ scopes: ["*"] });
  expect(await grant({ principals: ["alice"] }, lines)).toEqual(
    refusal("none of its principals is admins, or readers or guests"),
  );
});

it("gives the scopes that it names, as far as its authority may give them", async () => {
  const named = (scopes: string) => ({ extensions: [["scopes@sshrpc", string(scopes)]] as const });
  const scopes = async (text: string, granted: string[]) =>
    (await grant(named(text), [{ scopes: granted }])) as { scopes: readonly string[] };
  expect((await scopes("notes:read, admin", ["notes:*"])).scopes).toEqual(["notes:read"]);
  expect((await scopes("*", ["notes:*", "admin"])).scopes).toEqual(["notes:*", "admin"]);
  expect((await scopes("notes:*", ["*"])).scopes).toEqual(["notes:*"]);
  expect((await scopes("", ["*"])).scopes).toEqual([]);
  expect((await scopes("a*b,**", ["*"])).scopes).toEqual([]);
});

it("expires when it does, or when its line does", async () => {
  const later = Date.now() + 7_200_000;
  expect(await grant({ validBefore: NOW + 3600n })).toMatchObject({ expires: Number(NOW + 3600n) * 1000 });
  expect(await grant({}, [{ scopes: [], expires: later }])).toMatchObject({ expires: later });
  expect(await grant({ validBefore: NOW + 3600n }, [{ scopes: [], expires: later }])).toMatchObject({
    expires: Number(NOW + 3600n) * 1000,
  });
  expect(await grant()).not.toHaveProperty("expires");
});

it("permissions what its extensions and its line both do", async () => {
  const extensions = [
    ["permit-pty", flag],
    ["permit-port-forwarding", flag],
  ] as const;
  const permissions = { pty: true, portForwarding: true, permitOpen: ["db:5432"] };
  expect(await grant({ extensions }, [{ scopes: [], permissions }])).toMatchObject({ permissions });
  expect(await grant({}, [{ scopes: [], permissions }])).toMatchObject({
    permissions: { pty: false, portForwarding: false },
  });
  expect(await grant({ extensions }, [{ scopes: [], permissions: { ...permissions, pty: false } }])).toMatchObject({
    permissions: { pty: false, portForwarding: true },
  });
});

it("asks for a touch unless certificate and line do without, and for a PIN where either asks for it", async () => {
  const free = [["no-touch-required", flag]] as const;
  expect(await grant({ extensions: free })).toMatchObject({ touchRequired: true });
  expect(await grant({}, [{ scopes: [], touchRequired: false }])).toMatchObject({ touchRequired: true });
  expect(await grant({ extensions: free }, [{ scopes: [], touchRequired: false }])).toMatchObject({
    touchRequired: false,
  });
  expect(await grant()).toMatchObject({ verifyRequired: false });
  expect(await grant({ criticalOptions: [["verify-required", flag]] })).toMatchObject({ verifyRequired: true });
  expect(await grant({}, [{ scopes: [], verifyRequired: true }])).toMatchObject({ verifyRequired: true });
});

it("is described with what it says, and without what a terminal would act on", () => {
  const fields = {
    serial: 2n ** 63n,
    keyId: "a\x1b[2Jb",
    extensions: [
      ["n", string("v")],
      ["f", flag],
    ] as const,
  };
  const described = describeCertificate(parseCertificate(makeCertificate(user, authority, fields)));
  expect(described).toEqual({
    keyId: "a\\u{1b}[2Jb",
    serial: "9223372036854775808",
    principals: ["alice"],
    authority: authority.publicKey.fingerprint,
    extensions: new Map([
      ["n", "v"],
      ["f", ""],
    ]),
  });
});
