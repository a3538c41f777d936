import type { KeyAuthority } from "sshrpc/server";
import { expect, it } from "vitest";
import { parseCertificate } from "../../../../../../runtime/src/ssh/keys/format/certificate.js";
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

const denial = (reason: string | RegExp) => ({
  deny: typeof reason === "string" ? `the certificate is not accepted: ${reason}` : expect.stringMatching(reason),
});

it("looks the authority up by its key, with the user name and address of the holder", async () => {
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
  ["for a host", { role: 2 }, "it is a host certificate, not a user certificate"],
  ["that becomes valid in a minute", { validAfter: NOW + 60n }, /not valid before 20/],
  ["that expires this second", { validBefore: NOW }, /it expired on 20/],
  ["that expires before it becomes valid", { validAfter: NOW + 60n, validBefore: NOW - 60n }, /not valid before/],
  ["that becomes valid in the year 10^11", { validAfter: 2n ** 63n }, /not valid before \+275760/],
  ["for another principal", { principals: ["bob", "alicea", "Alice", "ali*"] }, "none of its principals is alice"],
  ["whose principal list is empty", { principals: [] }, "its list of principals is empty"],
  ["with an unknown critical option", { criticalOptions: [["x@y", flag]] }, "unknown critical option x@y"],
  ["with force-command", { criticalOptions: [["force-command", string("id")]] }, /: force-command is not supported/],
  [
    "whose source-address is another network",
    { criticalOptions: [["source-address", string("198.51.100.0/24")]] },
    /198\.51\.100\.0\/24 does not include 192\.0\.2\.7$/,
  ],
  ["with an empty source-address", { criticalOptions: [["source-address", flag]] }, /source-address/],
  [
    "whose source-address has an exclusion",
    { criticalOptions: [["source-address", string("0.0.0.0/0,!198.51.100.0/24")]] },
    /invalid source-address "0\.0\.0\.0\/0,!198\.51\.100\.0\/24": it takes addresses and networks only$/,
  ],
  [
    "whose source-address has a wildcard",
    { criticalOptions: [["source-address", string("192.0.2.*")]] },
    /it takes addresses and networks only$/,
  ],
  [
    "with an invalid source-address",
    { criticalOptions: [["source-address", string("192.0.2.0/33")]] },
    /invalid source-address/,
  ],
] as [string, CertificateFields, string | RegExp][])("denies a certificate %s", async (_, fields, reason) => {
  expect(await grant(fields)).toEqual(denial(reason));
});

it("denies a certificate whose authority is not listed, or did not sign it", async () => {
  expect(await grant({}, [])).toEqual(denial("its authority is not listed"));
  const mallory = makeSigner("ssh-ed25519");
  const forged = parseCertificate(makeCertificate(user, mallory, { authorityBlob: authority.publicKey.blob }));
  const holder = { user: "alice", address: "192.0.2.7:1" };
  expect(await certificateGrant(forged, holder, () => [{ scopes: ["*"] }])).toEqual(
    denial("invalid signature of its authority (SHA-1 is not accepted)"),
  );
});

it("accepts an address within its networks, IPv4 and IPv6", async () => {
  const criticalOptions = [["source-address", string("192.0.2.0/24,2001:db8::/32")]] as const;
  expect(await grant({ criticalOptions })).toMatchObject({ scopes: ["notes:*"] });
  expect(await grant({ criticalOptions }, undefined, "[2001:db8::7]:50122")).toMatchObject({ scopes: ["notes:*"] });
  expect(await grant({ criticalOptions }, undefined, "[2001:db9::7]:50122")).toHaveProperty("deny");
});

it("grants what the first line with a matching principal grants", async () => {
  const lines = [
    { principals: ["admins"], scopes: ["*"] },
    { principals: ["readers", "guests"], scopes: ["notes:read"] },
  ];
  expect(await grant({ principals: ["guests"] }, lines)).toMatchObject({ scopes: ["notes:read"] });
  expect(await grant({ principals: ["guests", "admins"] }, lines)).toMatchObject({ scopes: ["*"] });
  expect(await grant({ principals: ["alice"] }, lines)).toEqual(
    denial("none of its principals is admins, or readers or guests"),
  );
});

it("proves the principal that it was accepted for, the user name if that is one", async () => {
  expect(await grant({ principals: ["bob", "alice"] })).toMatchObject({ principal: "alice" });
  const lines = [{ principals: ["ops", "readers", "alice"], scopes: [] }];
  expect(await grant({ principals: ["readers"] }, lines)).toMatchObject({ principal: "readers" });
  expect(await grant({ principals: ["readers", "alice"] }, lines)).toMatchObject({ principal: "alice" });
});

it("grants the scopes of its extension that its authority may grant", async () => {
  const named = (scopes: string) => ({ extensions: [["scopes@sshrpc", string(scopes)]] as const });
  const scopes = async (text: string, granted: string[]) =>
    (await grant(named(text), [{ scopes: granted }])) as { scopes: readonly string[] };
  expect((await scopes("notes:read, admin", ["notes:*"])).scopes).toEqual(["notes:read"]);
  expect((await scopes("*", ["notes:*", "admin"])).scopes).toEqual(["notes:*", "admin"]);
  expect((await scopes("notes:*", ["*"])).scopes).toEqual(["notes:*"]);
  expect((await scopes("", ["*"])).scopes).toEqual([]);
  expect((await scopes("a*b,**", ["*"])).scopes).toEqual([]);
});

it("expires with the certificate or with its line, whichever is first", async () => {
  const later = Date.now() + 7_200_000;
  expect(await grant({ validBefore: NOW + 3600n })).toMatchObject({ expires: Number(NOW + 3600n) * 1000 });
  expect(await grant({}, [{ scopes: [], expires: later }])).toMatchObject({ expires: later });
  expect(await grant({ validBefore: NOW + 3600n }, [{ scopes: [], expires: later }])).toMatchObject({
    expires: Number(NOW + 3600n) * 1000,
  });
  expect(await grant()).not.toHaveProperty("expires");
});

it("permits what both its extensions and its line permit", async () => {
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

it("requires a touch unless certificate and line both waive it, and a PIN if either requires it", async () => {
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

it("describes its fields with control characters escaped", () => {
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
