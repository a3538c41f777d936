import { randomBytes } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { expect } from "vitest";
import { SSHD, startSshd, USER } from "../interop/sshd.js";
import { itWith } from "../interop/stock.js";
import { until } from "../unit/runtime/support/wait.js";
import { Workplace } from "./support.js";

const hit = (resource: string, status: number, referrer: string) =>
  `192.0.2.7 - - [31/Jan/2026:12:00:00 +0100] "GET ${resource} HTTP/1.1" ${status} 512 "${referrer}" "curl"\n`;

/** A workplace, and a stock sshd whose host key its programs trust and that accepts their key. */
async function start(): Promise<{ place: Workplace; address: string }> {
  const place = new Workplace();
  const sshd = await startSshd({ authorizedKeys: () => [place.publicKey] });
  place.know(`[127.0.0.1]:${sshd.port} ${sshd.hostKey.line}`);
  return { place, address: `ssh://${USER}@127.0.0.1:${sshd.port}` };
}

itWith(
  [SSHD],
  "the weblog monitor follows a log on a stock sshd through rotation, until a visit to its stop path ends it",
  async () => {
    const { place, address } = await start();
    await using _ = place;
    writeFileSync(place.log, hit("/old.html", 200, "https://old.example/"));
    const monitor = await place.start("examples/03-weblog/tail-weblog.ts", address, place.log);
    await until("the last line that was there", () => monitor.stdout !== "");
    appendFileSync(place.log, hit("/index.html", 200, "https://example.org/"));
    appendFileSync(place.log, hit("/missing.html", 404, "https://example.org/"));
    appendFileSync(place.log, hit("/direct.html", 200, "-"));
    appendFileSync(place.log, "no line of a weblog\n");
    const half = hit("/half.html", 200, "https://half.example/");
    appendFileSync(place.log, half.slice(0, 50));
    await until("the line before", () => monitor.stdout.includes("/index.html"));
    appendFileSync(place.log, half.slice(50));
    await until("the line that came in two parts", () => monitor.stdout.includes("/half.html"));
    renameSync(place.log, `${place.log}.1`);
    writeFileSync(place.log, hit("/rotated.html", 200, "https://new.example/"));
    await until("the new file's line", () => monitor.stdout.includes("/rotated.html"));
    appendFileSync(place.log, hit("/kill-weblog-monitor", 200, "-"));
    expect(await monitor.status).toBe(0);
    expect(monitor.stdout).toBe(
      "https://old.example/ --> /old.html\n" +
        "https://example.org/ --> /index.html\n" +
        "https://half.example/ --> /half.html\n" +
        "https://new.example/ --> /rotated.html\n",
    );
  },
);

itWith([SSHD], "the weblog monitor prints its usage, and names an unknown host", async () => {
  const { place, address } = await start();
  await using _ = place;
  expect(await place.run("examples/03-weblog/tail-weblog.ts", address)).toMatchObject({
    status: 2,
    stderr: "expected 2 arguments\nusage: tail-weblog user@host LOGFILE\n",
  });
  writeFileSync(place.path("home/.ssh/known_hosts"), "");
  const { status, stderr } = await place.run("examples/03-weblog/tail-weblog.ts", address, place.log);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^UNAUTHENTICATED: unknown host key: .*SHA256:/);
});

itWith(
  [SSHD, "expect"],
  "the weblog monitor shows the fingerprint of an unknown host key at the terminal, and continues once it is accepted",
  async () => {
    const { place, address } = await start();
    await using _ = place;
    const knownHosts = place.path("home/.ssh/known_hosts");
    const known = readFileSync(knownHosts, "utf8");
    writeFileSync(knownHosts, "");
    writeFileSync(place.log, hit("/old.html", 200, "https://old.example/"));
    appendFileSync(
      place.path("dialogue"),
      dialogueOf(await place.bundle("examples/03-weblog/tail-weblog.ts"), address, place.log),
    );
    const terminal = place.shell(`expect ${place.path("dialogue")}`);
    expect(await terminal.status, terminal.stdout).toBe(0);
    expect(terminal.stdout).toMatch(/SHA256:[\w+/]{43}/);
    expect(readFileSync(knownHosts, "utf8").trim()).toBe(known.trim());
  },
);

/** Accepts the host key, and interrupts the monitor at its first line. */
const dialogueOf = (program: string, address: string, log: string) => `
set timeout 40
spawn ${process.execPath} ${program} ${address} ${log}
expect "SHA256:" {} timeout { exit 8 } eof { exit 9 }
expect "fingerprint)\\? " { send "yes\\r" } timeout { exit 10 } eof { exit 11 }
expect "https://old.example/ --> /old.html" { send "\\003" } timeout { exit 12 } eof { exit 13 }
expect eof
`;

itWith([SSHD], "files are copied completely, from and to a stock sshd", async () => {
  const { place, address } = await start();
  await using _ = place;
  const content = randomBytes(3_000_001);
  writeFileSync(place.path("local"), content);
  const there = `${address}/${place.path("there.bin")}`;
  const up = await place.run("examples/04-files/remote-copy.ts", place.path("local"), there);
  expect(up).toMatchObject({ status: 0, stderr: "" });
  expect(up.stdout).toMatch(/^3000001 bytes, sha256 [0-9a-f]{64}\n$/);
  expect(readFileSync(place.path("there.bin")).equals(content)).toBe(true);
  const down = await place.run("examples/04-files/remote-copy.ts", there, place.path("back"));
  expect(down.stdout).toBe(up.stdout);
  expect(readFileSync(place.path("back")).equals(content)).toBe(true);
  mkdirSync(place.path("folder"));
  const inFolder = await place.run(
    "examples/04-files/remote-copy.ts",
    place.path("local"),
    `${address}/${place.path("folder")}`,
  );
  expect(inFolder).toMatchObject({ status: 0, stdout: up.stdout });
  expect(readFileSync(place.path("folder/local")).equals(content)).toBe(true);
  await place.run("examples/04-files/remote-copy.ts", there, place.path("folder"));
  expect(readFileSync(place.path("folder/there.bin")).equals(content)).toBe(true);
  mkdirSync(place.path("full/local"), { recursive: true });
  for (const [name, reason] of [
    ["full", /^BAD_REQUEST: cannot copy \S+full\/local: Is a directory; name the file\n$/],
    ["nowhere/", /^NOT_FOUND: cannot copy \S+nowhere\/: (?:Directory nonexistent|No such file or directory)\n$/],
  ] as const) {
    const failed = await place.run(
      "examples/04-files/remote-copy.ts",
      place.path("local"),
      `${address}/${place.path(name)}`,
    );
    expect(failed).toMatchObject({ status: 1, stdout: "", stderr: expect.stringMatching(reason) });
  }
  const none = await place.run(
    "examples/04-files/remote-copy.ts",
    `${address}/${place.path("none")}`,
    place.path("here"),
  );
  expect(none).toMatchObject({ status: 1, stdout: "" });
  expect(none.stderr).toMatch(/^NOT_FOUND: cannot copy .*none: /);
  expect(existsSync(place.path("here"))).toBe(false);
});
