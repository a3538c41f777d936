import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { LineFile } from "../../../../runtime/src/observe/line-file.js";
import type { LineFileOptions } from "../../../../runtime/src/observe/line-file-options.js";
import { tempDir } from "../ssh/support.js";
import { until } from "../support/wait.js";

const MODULE = fileURLToPath(new URL("../../../../runtime/dist/observe/line-file.js", import.meta.url));

/** Opens a file of lines, and records what it reports. */
function open(options: Omit<LineFileOptions, "file"> & { readonly file?: string } = {}) {
  const file = options.file ?? join(tempDir(), "log");
  const reports: string[] = [];
  const lines = new LineFile(
    { ...options, file },
    {
      onProblem: (message, error) => reports.push(error === undefined ? message : `${message}: ${error.message}`),
      onRecovered: (lost) => reports.push(`recovered, lost ${lost}`),
    },
  );
  onTestFinished(() => lines.close());
  return { file, lines, reports };
}

const read = (file: string): string => readFileSync(file, "utf8");

/** The lines of a file and of those that a rotation has renamed, from the oldest one. */
function allLines(file: string): string[] {
  const names = [...Array.from({ length: 20 }, (_, index) => `${file}.${20 - index}`), file];
  return names
    .filter((name) => existsSync(name))
    .flatMap((name) => read(name).split("\n"))
    .filter((line) => line !== "");
}

describe("a file of lines", () => {
  it("has all of ten thousand lines that are written at once, in their order", async () => {
    const { file, lines } = open();
    const expected = Array.from({ length: 10_000 }, (_, number) => `line ${number}: ${"é".repeat(50)}`);
    for (const line of expected) lines.write(`${line}\n`);
    await lines.close();
    expect(read(file)).toBe(`${expected.join("\n")}\n`);
  });

  it("takes no line after it was closed", async () => {
    const { file, lines } = open();
    await lines.close();
    lines.write("late\n");
    await lines.close();
    expect(read(file)).toBe("");
  });

  it("begins a new line where an earlier process was killed within one", async () => {
    const file = join(tempDir(), "log");
    writeFileSync(file, '{"msg":"whole"}\n{"msg":"cu');
    const { lines } = open({ file });
    lines.write("next\n");
    await lines.close();
    expect(read(file)).toBe('{"msg":"whole"}\n{"msg":"cu\nnext\n');
  });

  it("stays as it is where it is opened and no line follows", async () => {
    const file = join(tempDir(), "log");
    writeFileSync(file, "cut");
    await open({ file }).lines.close();
    expect(read(file)).toBe("cut");
  });
});

describe("rotation", () => {
  it("keeps every file within its size, the lines whole and in order, and only as many files as it may", async () => {
    const { file, lines, reports } = open({ maxSize: 4096, files: 3 });
    const expected = Array.from({ length: 500 }, (_, number) => `line ${number} ${"x".repeat(number % 90)}`);
    for (const line of expected) lines.write(`${line}\n`);
    await lines.close();
    const files = [file, `${file}.1`, `${file}.2`, `${file}.3`];
    for (const name of files) expect(statSync(name).size).toBeLessThanOrEqual(4096);
    expect(existsSync(`${file}.4`)).toBe(false);
    const kept = allLines(file);
    expect(kept).toEqual(expected.slice(-kept.length));
    expect(kept.length).toBeGreaterThan(100);
    expect(reports).toEqual([]);
  });

  it("gives a line that is longer than a file one of its own", async () => {
    const { file, lines } = open({ maxSize: 4096 });
    const long = "x".repeat(9000);
    for (const line of ["before", long, "after"]) lines.write(`${line}\n`);
    await lines.close();
    expect([`${file}.2`, `${file}.1`, file].map(read)).toEqual(["before\n", `${long}\n`, "after\n"]);
  });

  it("fills a number that is free, and moves no file behind it", async () => {
    const file = join(tempDir(), "log");
    for (const [end, text] of [
      ["", "current\n"],
      [".1", "one\n"],
      [".3", "three\n"],
    ]) {
      writeFileSync(`${file}${end}`, `${text}`);
    }
    const { lines } = open({ file, maxSize: 4096 });
    lines.write(`${"x".repeat(4090)}\n`);
    await lines.close();
    expect([".3", ".2", ".1"].map((end) => read(`${file}${end}`))).toEqual(["three\n", "one\n", "current\n"]);
  });

  it("loses no line of two writers of one file, also where one has removed the file of the other", async () => {
    const first = open({ maxSize: 4096, files: 19 });
    const second = open({ file: first.file, maxSize: 4096, files: 19 });
    for (let number = 0; number < 300; number++) {
      for (const [name, { lines }] of Object.entries({ a: first, b: second }))
        lines.write(`${name} ${number} ${"x".repeat(80)}\n`);
      if (number % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all([first.lines.close(), second.lines.close()]);
    for (const name of ["a", "b"]) {
      const numbers = allLines(first.file).flatMap((line) =>
        line.startsWith(name) ? [Number(line.split(" ")[1])] : [],
      );
      expect(numbers.toSorted((x, y) => x - y)).toEqual(Array.from({ length: 300 }, (_, index) => index));
    }
    const idle = open({ maxSize: 4096, files: 1 });
    rmSync(idle.file);
    idle.lines.write("after\n");
    await idle.lines.close();
    expect(read(idle.file)).toBe("after\n");
  });

  it("keeps a symbolic link, and the files where it leads", async () => {
    const [disk, file] = [tempDir(), join(tempDir(), "log")];
    symlinkSync(join(disk, "audit"), file);
    const { lines } = open({ file, maxSize: 4096, files: 2 });
    const expected = Array.from({ length: 60 }, (_, number) => `line ${number} ${"x".repeat(80)}`);
    for (const line of expected) lines.write(`${line}\n`);
    await lines.close();
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(existsSync(`${file}.1`)).toBe(false);
    expect(allLines(join(disk, "audit"))).toEqual(expected);
  });

  it("goes on in one file where it cannot rename, and says so once", async () => {
    const { file, lines, reports } = open({ maxSize: 4096, files: 1 });
    // A directory cannot be replaced by a file.
    mkdirSync(`${file}.1`);
    const expected = Array.from({ length: 100 }, (_, number) => `line ${number} ${"x".repeat(80)}`);
    for (const line of expected) lines.write(`${line}\n`);
    await lines.close();
    expect(read(file)).toBe(`${expected.join("\n")}\n`);
    expect(reports).toEqual([expect.stringMatching(/^cannot be rotated: it grows beyond its size: E/)]);
  });

  it("loses no line that was written, and breaks none but the last, when its process is killed", async () => {
    const file = join(tempDir(), "log");
    const script = `
      import { LineFile } from ${JSON.stringify(MODULE)};
      const lines = new LineFile({ file: ${JSON.stringify(file)}, maxSize: 4096, files: 19 }, { onProblem() {}, onRecovered() {} });
      let number = Number(process.argv[1]);
      const write = () => {
        for (let i = 0; i < 20; i++) lines.write(\`line \${number++} \${"x".repeat(60)} end\\n\`);
        if (number % 400 === 0) process.send(number);
        setImmediate(write);
      };
      write();
    `;
    for (let round = 0; round < 3; round++) {
      const child = spawn(process.execPath, ["--input-type=module", "-e", script, `${round * 1_000_000}`], {
        stdio: ["ignore", "inherit", "inherit", "ipc"],
      });
      for (let message = 0; message <= round; message++) await once(child, "message");
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    const { lines } = open({ file, maxSize: 4096, files: 19 });
    lines.write("line 9999999 end\n");
    await lines.close();
    const numbers = allLines(file).map((line) => (/^line \d+ (x+ )?end$/.test(line) ? Number(line.split(" ")[1]) : -1));
    // One broken line for each process that was killed, at most, each before the lines of the next one.
    expect(numbers.filter((number) => number < 0).length).toBeLessThanOrEqual(3);
    const whole = numbers.filter((number) => number >= 0);
    const jumps = whole.filter((number, index) => index > 0 && number !== (whole[index - 1] as number) + 1);
    expect(jumps.length).toBeLessThanOrEqual(3);
    expect(whole).toEqual(whole.toSorted((a, b) => a - b));
    expect(whole.at(-1)).toBe(9_999_999);
  }, 30_000);
});

describe("a file that is moved", () => {
  it("is created again, and the failure of a missing directory is reported once", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    const { file, lines, reports } = open({ file: join(tempDir(), "logs") });
    await lines.close();
    rmSync(file);
    mkdirSync(file);
    const inner = open({ file: join(file, "log") });
    const written = (name: string, text: string) => until(text, () => existsSync(name) && read(name) === text);
    inner.lines.write("one\n");
    await written(inner.file, "one\n");
    renameSync(dirname(inner.file), `${file}-moved`);
    vi.advanceTimersByTime(15_000);
    inner.lines.write("two\n");
    await written(join(`${file}-moved`, "log"), "one\ntwo\n");
    expect(inner.reports).toEqual([expect.stringMatching(/^cannot be reopened: lines go to the moved file: ENOENT/)]);
    mkdirSync(dirname(inner.file));
    vi.advanceTimersByTime(5000);
    inner.lines.write("three\n");
    await written(inner.file, "three\n");
    expect([reports.length, inner.reports.length]).toEqual([0, 1]);
  });
});

describe.skipIf(!existsSync("/dev/full"))("a file on a full disk", () => {
  // /dev/full fails every write as a full disk does; not every system has it.
  it("keeps lines for later, counts those that are too many, and says so when there is space again", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    const file = join(tempDir(), "log");
    symlinkSync("/dev/full", file);
    const { lines, reports } = open({ file, maxBuffered: 100 });
    lines.write("first\n");
    await until("the report", () => reports.length > 0);
    expect(lines.failure).toMatchObject({ code: "ENOSPC" });
    for (let number = 0; number < 30; number++) lines.write(`line ${number}\n`);
    expect(reports).toEqual([
      expect.stringMatching(/^cannot be written: lines wait: ENOSPC/),
      "loses lines: too many wait to be written",
    ]);
    rmSync(file);
    vi.advanceTimersByTime(5000);
    await until("the lines", () => lines.failure === undefined);
    const kept = read(file).trimEnd().split("\n");
    expect(kept.slice(0, 3)).toEqual(["first", "line 0", "line 1"]);
    expect(reports.slice(2)).toEqual([`recovered, lost ${31 - kept.length}`]);
    lines.write("after\n");
    await until("the line", () => read(file).endsWith("\nafter\n"));
  });

  it("is closed after a timeout, and has counted the lines that are left", async () => {
    const { lines, reports } = open({ file: "/dev/full" });
    for (let number = 0; number < 3; number++) lines.write(`line ${number}\n`);
    await lines.close();
    expect(reports).toEqual([
      expect.stringMatching(/^cannot be written: lines wait: ENOSPC/),
      "was closed without 3 lines, which could not be written",
    ]);
  });
});
