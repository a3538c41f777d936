import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { availableParallelism, cpus } from "node:os";

const require = createRequire(import.meta.url);

/** What the figures depend on. */
export function describeMachine({ quick = false, full = false, some = false } = {}) {
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    nativeBinding: hasNativeBinding(),
    openssh: spawnSync("ssh", ["-V"], { encoding: "utf8" }).stderr?.trim().split(",")[0] ?? "absent",
    quick,
    cells: some ? "some" : full ? "full" : "default",
  };
}

export function machineLines() {
  const { node, cpu, cores, nativeBinding, openssh } = describeMachine();
  return [
    `Node ${node}, ${cores} × ${cpu}, ${openssh}`,
    `native binding of ssh2: ${nativeBinding ? "yes" : "no (npm did not build it; ciphers are those of node:crypto)"}`,
  ];
}

function hasNativeBinding() {
  try {
    require("ssh2/lib/protocol/crypto/build/Release/sshcrypto.node");
    return true;
  } catch {
    return false;
  }
}
