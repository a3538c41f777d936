import { expect } from "vitest";
import { write } from "../unit/runtime/ssh/support.js";
import { run } from "./run.js";
import { type Served, serveNotesOverSsh } from "./served.js";
import { SSHD, USER } from "./sshd.js";
import { startStdioSshd } from "./stdio-sshd.js";
import { itWith } from "./stock.js";

const HOW = "copy files with\n  ssh HOST GET /files/NAME > FILE\n  ssh HOST STORE /files/NAME < FILE\n";

/** The options of `ssh` for `scp` and `sftp`, which name the port with `-P`. */
function copyOptions({ ssh }: Served): readonly string[] {
  return ssh.slice(0, -1).map((option) => (option === "-p" ? "-P" : option));
}

itWith(["ssh", "sftp", "scp"], "sftp and scp show how to copy files instead", async () => {
  const served = await serveNotesOverSsh();
  const target = served.ssh.at(-1) as string;
  const file = write(served.directory, "file", "content");
  const options = copyOptions(served);
  for (const [program, args] of [
    ["sftp", [...options, target]],
    ["scp", [...options, file, `${target}:x`]],
    ["scp", [...options, `${target}:x`, file]],
    ["scp", [...options, "-O", file, `${target}:x`]],
  ] as const) {
    const { status, stderr } = await run(program, args);
    expect(stderr, `${program} ${args.slice(options.length)}`).toContain(`is not available on this server; ${HOW}`);
    expect(status).not.toBe(0);
  }
});

itWith(["ssh", "git"], "git shows that the server has no repositories, and what it has", async () => {
  const served = await serveNotesOverSsh();
  const target = served.ssh.at(-1) as string;
  const ssh = served.ssh.slice(0, -1).join(" ");
  const { status, stderr } = await run("git", [
    "-c",
    `core.sshCommand=ssh ${ssh}`,
    "clone",
    `${target}:x`,
    "/nowhere/x",
  ]);
  expect(stderr).toContain(`git-upload-pack is not available on this server; ${HOW}`);
  expect(status).not.toBe(0);
});

itWith(
  ["ssh"],
  "rsync's command is answered with how to copy files, and the session rule holds for sftp, too",
  async () => {
    const served = await serveNotesOverSsh({ session: ({ kind }) => kind === "exec" });
    const { status, stderr } = await run("ssh", [...served.ssh, "rsync --server -logDtpre.iLsfxCIvu . x"]);
    expect([status, stderr]).toEqual([4, `rsync is not available on this server; ${HOW}`]);
    expect((await run("ssh", ["-s", ...served.ssh, "sftp"])).stderr).not.toContain("copy files");
  },
);

// sshd discards the standard error of subsystems, so it can show the text to `scp -O` alone.
itWith(["ssh", "scp", "sftp", SSHD], "under sshd, a forced command answers scp -O, and ends sftp", async () => {
  const sshd = await startStdioSshd((serve) => ({
    config: ["Subsystem sftp /usr/lib/openssh/sftp-server"],
    authorizedKeys: (line) => [`restrict,command="${serve("--forced")}" ${line}`],
  }));
  const options = sshd.options.map((option) => (option === "-p" ? "-P" : option));
  const target = `${USER}@127.0.0.1`;
  const scp = await run("scp", [...options, "-O", `${target}:x`, "/dev/null"]);
  expect(scp.stderr).toContain("scp is not available on this server; ");
  expect((await run("sftp", [...options, target])).stderr).toContain("Connection closed");
});

itWith(["ssh"], "without commands there is nothing to run instead, and sftp is refused", async () => {
  const served = await serveNotesOverSsh({ exec: false });
  expect((await run("ssh", ["-s", ...served.ssh, "sftp"])).stderr).toContain("subsystem request failed");
});
