import { readdirSync } from "node:fs";
import { join } from "node:path";
import { it } from "vitest";
import { tempDir, write } from "../unit/runtime/ssh/support.js";

/**
 * A folder with a Debian that has OpenSSH 10 or later, as debootstrap makes it; `.ci/nightly` makes one. Its programs run beside those of
 * this system, with their own libraries.
 */
const ROOT = process.env["SSHRPC_OPENSSH10"];

/** Programs of a newer OpenSSH, as scripts that run them. */
export interface NewerOpenssh {
  readonly ssh: string;
  readonly sshd: string;
  /** Lines of sshd_config(5) that name the other programs of sshd. */
  readonly config: readonly string[];
}

/** Like vitest's `it`, for tests that need OpenSSH 10 or later. Without one, the test is skipped and its title says how to have one. */
export function itWithNewerOpenssh(
  title: string,
  test: (openssh: NewerOpenssh) => void | Promise<void>,
  timeout?: number,
): void {
  if (ROOT === undefined) it.skip(`${title} (SSHRPC_OPENSSH10 is not set: see .ci/nightly)`, () => {});
  else it(title, () => test(scripts(ROOT)), timeout);
}

/** A program with the loader and the libraries of its own system: no chroot, which would need root and hide the files of a test. */
function scripts(root: string): NewerOpenssh {
  const [libraries] = readdirSync(join(root, "usr/lib")).filter((name) => name.includes("-linux-gnu"));
  const folder = join(root, "usr/lib", libraries ?? "");
  const [loader] = readdirSync(folder).filter((name) => /^ld-linux.*\.so\.\d$/.test(name));
  const directory = tempDir();
  const script = (path: string) => {
    const program = join(root, path);
    const start = `exec ${join(folder, loader ?? "")} --argv0 ${program} --library-path ${folder} ${program} "$@"`;
    return write(directory, path.replaceAll("/", "-"), `#!/bin/sh\n${start}\n`, 0o755);
  };
  return {
    ssh: script("usr/bin/ssh"),
    sshd: script("usr/sbin/sshd"),
    config: [
      `SshdSessionPath ${script("usr/lib/openssh/sshd-session")}`,
      `SshdAuthPath ${script("usr/lib/openssh/sshd-auth")}`,
    ],
  };
}
