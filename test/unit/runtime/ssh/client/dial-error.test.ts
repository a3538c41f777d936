import { expect, it } from "vitest";
import { type DialStage, dialError, dialTimeout } from "../../../../../runtime/src/ssh/client/dial-error.js";

const target = { user: "alice", host: "edge", port: 8022 };
const system = (code: string, message = code) => Object.assign(new Error(message), { code });
const heard = "SSH-2.0-OpenSSH_5.0\r\n";

it.each<[DialStage, Error | undefined, string]>([
  ["connecting", system("ECONNREFUSED"), "nobody listens at edge:8022 (connection refused): is the server running?"],
  ["connecting", system("ENOTFOUND"), "no host is called edge: check the name in ssh://alice@edge:8022"],
  ["connecting", system("EAI_AGAIN"), "the name edge could not be looked up now: the name server does not answer"],
  ["connecting", system("EHOSTUNREACH"), "no route leads to edge:8022 (EHOSTUNREACH): check the network"],
  [
    "connecting",
    system("ETIMEDOUT"),
    "edge:8022 did not answer: is the host up, and does a firewall let the port through?",
  ],
  ["connecting", system("EMFILE", "too many\nfiles"), "cannot connect to edge:8022: too many\\u{a}files"],
  [
    "key exchange",
    new Error("Handshake failed: no matching key exchange algorithm"),
    "edge:8022 and this client have no key exchange algorithm in common: the server offers only what is out of date, or " +
      'only post-quantum exchange, which protocol: "openssh" has',
  ],
  [
    "key exchange",
    new Error("Handshake failed: no matching host key format"),
    "edge:8022 and this client have no host key format in common: the server offers only what is out of date",
  ],
  ["key exchange", undefined, "edge:8022 ended the connection during the key exchange"],
])("says of a failure while %s: %s", (stage, error, message) => {
  expect(dialError({ target, stage, heard }, error)).toMatchObject({ status: "UNAVAILABLE", message });
});

it("points from ssh's own port to the one where a server usually is", () => {
  const error = dialError({ target: { ...target, port: 22 }, stage: "connecting", heard: "" }, system("ECONNREFUSED"));
  expect(error.message).toContain(":8022");
});

it("says where the time went", () => {
  const message = (stage: DialStage, text: string) => dialTimeout({ target, stage, heard: text }, 500).message;
  expect(message("connecting", "")).toMatch(
    /^edge:8022 did not answer within 500 ms \(connectTimeout\): is the host up/,
  );
  expect(message("greeting", "220 smtp\r\n")).toMatch(/^edge:8022 is no SSH server: it says "220 smtp"/);
  expect(message("channel", heard)).toMatch(/^ssh:\/\/alice@edge:8022 did not finish the channel within 500 ms/);
});
