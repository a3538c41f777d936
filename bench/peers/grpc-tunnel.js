// grpc-js without TLS, through a real `ssh -L` and sshd.
import { spawn } from "node:child_process";
import grpc from "@grpc/grpc-js";
import { listen, session } from "./grpc.js";
import { freePort, sshArguments, startSshd, untilListening } from "./shared/openssh.js";

export const runsPrograms = true;

export async function serve() {
  const [port, sshd] = await Promise.all([listen(grpc.ServerCredentials.createInsecure()), startSshd()]);
  return { port, sshd };
}

export async function connect({ port, sshd }) {
  const local = await freePort();
  const forwarding = ["-N", "-L", `127.0.0.1:${local}:127.0.0.1:${port}`, "-o", "ExitOnForwardFailure=yes"];
  const ssh = spawn("ssh", [...forwarding, ...sshArguments(sshd)], { stdio: "ignore" });
  process.once("exit", () => ssh.kill());
  await untilListening(local);
  const { close, ...rest } = await session(`127.0.0.1:${local}`, grpc.credentials.createInsecure());
  return {
    ...rest,
    close() {
      close();
      ssh.kill();
    },
  };
}
