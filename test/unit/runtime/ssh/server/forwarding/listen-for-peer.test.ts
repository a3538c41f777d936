import { expect, it } from "vitest";
import { bindAddress } from "../../../../../../runtime/src/ssh/server/forwarding/listen-for-peer.js";

it.each([
  ["", "127.0.0.1", "::"],
  ["*", "127.0.0.1", "::"],
  ["localhost", "127.0.0.1", "127.0.0.1"],
  ["127.0.0.1", "127.0.0.1", "127.0.0.1"],
  ["::1", "::1", "::1"],
  ["0.0.0.0", "127.0.0.1", "0.0.0.0"],
  ["192.0.2.1", "127.0.0.1", "192.0.2.1"],
])("for a peer that requests %j binds %s, and with gatewayPorts %s", (host, loopback, gateway) => {
  expect(bindAddress({ host, gatewayPorts: false })).toBe(loopback);
  expect(bindAddress({ host, gatewayPorts: true })).toBe(gateway);
});
