import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Node, Project, SyntaxKind } from "ts-morph";
import { expect, test } from "vitest";
import { filesBelow } from "./sources.js";

// An operator searches the log for these texts, and alerts on them. A line that no test reads can change or vanish unseen.

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Calls that write a line: at a logger, as a diagnostic of an observer, or by a helper of the same file. */
const WRITES = /(?:^|\.)(?:diagnostic|#failed|onProblem|#onProblem|write|log\.(?:warn|error)|logger\.(?:warn|error))$/;
/** The first argument of `write`, where it writes a line. */
const LEVELS = ['"info"', '"warn"', '"error"'];

/** Lines whose text comes from elsewhere: the file that writes them, and a part of each text. */
const PASSED_ON: Readonly<Record<string, readonly string[]>> = {
  // The warnings of the key lists.
  "ssh/server/listen.ts": ["no authorized keys; add one", "the line is ignored"],
  "ssh/keys/lists/authorized-keys-files.ts": ["no authorized keys; add one", "more warnings"],
  "ssh/keys/files/watched-files.ts": [
    "the last valid keys stay in force until the file is fixed",
    "public key authentication fails until the file is fixed",
  ],
  "ssh/keys/lists/unknown-scopes.ts": ["no method requires the scope"],
  "compose/open-server.ts": ["no method requires the scope"],
  "base/observer/combine-observers.ts": ["an observer failed", "onCall failed"],
  "cli/serve-stdio.ts": ["no module has its handler"],
  "cli/handler-folder/follow-folder.ts": ["no module has its handler"],
  // Callers give the text.
  "base/log.ts": [],
  "observe/log-observer.ts": ["reloaded"],
  "observe/line-file.ts": [
    "cannot be rotated: it grows beyond its size",
    "cannot be reopened: lines go to the moved file",
  ],
  "observe/open-log.ts": [],
  "observe/audit-log.ts": ["the audit log could not be written"],
  "observe/syslog.ts": ["the server could not start"],
  "compose/connect.ts": ["an observer failed"],
  "ssh/server/sessions.ts": ["the session could not be served", "the channel could not be served"],
  "ssh/server/forwarding/forward-listeners.ts": ["a listener failed", "a listener could not be closed"],
};

const project = new Project({ skipFileDependencyResolution: true });
const sources = project.addSourceFilesAtPaths(`${ROOT}runtime/src/**/*.ts`);
const tests = filesBelow("test", ".ts")
  .filter((file) => !file.startsWith("test/layers/"))
  .map((file) => readFileSync(`${ROOT}${file}`, "utf8"));

/** Every line at info, warn or error: where it is written, and the longest constant part of its text, if it has one. */
const lines = sources.flatMap((file) =>
  file.getDescendantsOfKind(SyntaxKind.CallExpression).flatMap((call) => {
    if (!WRITES.test(call.getExpression().getText().replaceAll("?.", "."))) return [];
    if (/\bwrite$/.test(call.getExpression().getText()) && !LEVELS.includes(call.getArguments()[0]?.getText() ?? ""))
      return [];
    const literals = call.getArguments().flatMap(textsOf);
    if (literals.includes("debug")) return [];
    const text = literals
      .filter((one) => /[a-z] [a-z]|^authenticated$/.test(one))
      .toSorted((a, b) => b.length - a.length)[0];
    const path = file.getFilePath().replace(`${ROOT}runtime/src/`, "");
    return [{ path, place: `${path}:${call.getStartLineNumber()}`, text }];
  }),
);

/** The constant texts of an argument, those of a constant of the same file included. */
function textsOf(node: Node): string[] {
  const parts = [node, ...node.getDescendants()];
  return parts.flatMap((part) => {
    if (Node.isStringLiteral(part) || Node.isNoSubstitutionTemplateLiteral(part)) return [part.getLiteralText()];
    if (Node.isTemplateHead(part) || Node.isTemplateMiddle(part) || Node.isTemplateTail(part)) {
      return [
        part
          .getText()
          .replace(/^[`}]|(?:\$\{|`)$/g, "")
          .trim(),
      ];
    }
    return Node.isShorthandPropertyAssignment(part) && part.getName() === "message" ? constantOf(part) : [];
  });
}

function constantOf(part: Node): string[] {
  const block = part.getFirstAncestor(
    (one) => Node.isBlock(one) && one.getVariableDeclaration("message") !== undefined,
  );
  if (!Node.isBlock(block)) return [];
  const initializer = block.getVariableDeclarationOrThrow("message").getInitializer();
  return initializer === undefined || Node.isCallExpression(initializer) ? [] : textsOf(initializer);
}

test("finds the lines of the log", () => {
  const texts = lines.map(({ text }) => text);
  expect(texts).toContain("partially authenticated");
  expect(texts).toContain("a session failed");
  expect(texts).toContain("TCP server failed");
  expect(lines.length).toBeGreaterThan(40);
});

test("every line of the log at info, warn or error is read by a test", () => {
  const unread = lines.filter(({ text }) => text !== undefined && !tests.some((one) => one.includes(text)));
  expect(unread.map(({ place, text }) => `${place}: ${text}`)).toEqual([]);
});

test("every line whose text comes from elsewhere is listed here, and read by a test", () => {
  const variable = new Set(lines.filter(({ text }) => text === undefined).map(({ path }) => path));
  expect([...variable].toSorted()).toEqual(Object.keys(PASSED_ON).toSorted());
  const texts = Object.values(PASSED_ON).flat();
  expect(texts.filter((text) => !sources.some((file) => file.getFullText().includes(text)))).toEqual([]);
  expect(texts.filter((text) => !tests.some((one) => one.includes(text)))).toEqual([]);
});
