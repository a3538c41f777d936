// `npm run api` writes a report of each public entry to api/: every exported declaration, without its comments. Reviewers read changes
// of the public surface there. `npm run api -- --check` fails where a report is not current. Needs a compiled tree.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, parse } from "node:path";
import { fileURLToPath } from "node:url";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const REPORTS = join(ROOT, "api");
const check = process.argv.includes("--check");

const packages = ["runtime", "codegen"].map((folder) => {
  const manifest = JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8"));
  const entries = Object.entries(manifest.exports).filter(([, target]) => target.types !== undefined);
  return { folder, entries: entries.map(([name, { types }]) => ({ name: reportName(folder, name), types })) };
});

mkdirSync(REPORTS, { recursive: true });
const temporary = mkdtempSync(join(tmpdir(), "sshrpc-api-"));
const stale = packages.flatMap(({ folder, entries }) => entries.filter((entry) => report(folder, entry)));
const known = new Set(packages.flatMap(({ entries }) => entries.map(({ name }) => `${name}.api.md`)));
const removed = readdirSync(REPORTS).filter((file) => !known.has(file));
rmSync(temporary, { recursive: true });

for (const file of removed) if (!check) rmSync(join(REPORTS, file));
const different = [...stale.map(({ name }) => `${name}.api.md`), ...removed];
if (check && different.length > 0) {
  for (const file of different) console.error(`api/${file}: not current; run "npm run api" and review the difference`);
  process.exitCode = 1;
} else console.log(check ? `api: ${known.size} reports are current` : `api: ${different.length} reports changed`);

/** The name of an entry's report, such as `client` for `sshrpc/client` and `codegen-cli` for `@sshrpc/codegen/cli`. */
function reportName(folder, entry) {
  const { name } = parse(entry);
  if (folder === "runtime") return name;
  return entry === "." ? folder : `${folder}-${name}`;
}

/** Writes or compares one report. Returns whether it differs from the committed one. */
function report(folder, { name, types }) {
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: join(ROOT, folder),
      mainEntryPointFilePath: join(ROOT, folder, types),
      compiler: { tsconfigFilePath: join(ROOT, folder, "tsconfig.json") },
      newlineKind: "lf",
      apiReport: {
        enabled: true,
        reportFileName: name,
        reportFolder: REPORTS,
        reportTempFolder: temporary,
        // What an exported declaration refers to is part of the surface, too.
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      // The report is the purpose: the extractor's rules on comments and release tags are not ours.
      messages: {
        extractorMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(ROOT, folder, "package.json"),
  });
  const { apiReportChanged, errorCount } = Extractor.invoke(config, {
    localBuild: !check,
    // It announces its compiler, and each report that it writes; the summary above says which.
    messageCallback: (message) => {
      message.handled = message.logLevel !== ExtractorLogLevel.Error;
    },
  });
  if (errorCount > 0) process.exitCode = 1;
  return apiReportChanged;
}
