import { compareNames } from "../compare-names.js";
import { type EmitOptions, NOT_FORMATTED } from "../target.js";
import { ProjectionPrinter } from "../validators/print-projection.js";
import { validatorName } from "../validators/validator-names.js";
import type { ValidatorSet } from "../validators/validator-set.js";
import { importStatement, runtimeType, TextFile } from "./text-file.js";

/** `validators.js`: code for speed, not for readers, so formatters and linters are disabled in it. */
export function emitValidators({ compiled, exported, projections }: ValidatorSet, { header }: EmitOptions): string {
  const printer = new ProjectionPrinter((type) => validatorName(type, "open"));
  const assignments = [...projections]
    .map(([name, node]) => `${NOT_FORMATTED}${printer.printLater(name, node)};\n`)
    .join("");
  const uses = printer.used.length === 0 ? "" : `const { ${printer.used.join(", ")} } = project;\n\n`;
  const helpers = new Set([...compiled.values()].flatMap((validator) => validator.helpers));
  if (uses !== "") helpers.add("project");
  const imports =
    helpers.size === 0 ? "" : importStatement("import", [...helpers].sort(compareNames), "sshrpc/generated");
  const blocks = [...compiled].map(([name, { code }]) => `${NOT_FORMATTED}const ${name} = ${code};\n`);
  // ESLint reports a comment that disables nothing.
  const byAjv = [...compiled.values()].some((validator) => validator.byAjv === true);
  const exports =
    exported.length === 0 ? "export {};\n" : `export {\n${exported.map((name) => `  ${name},\n`).join("")}};\n`;
  return (
    `// ${header}\n// biome-ignore-all lint: validators\n// biome-ignore-all format: validators\n` +
    `${byAjv ? "/* eslint-disable */\n" : ""}${imports}\n${blocks.join("\n")}\n${uses}${assignments}${assignments && "\n"}${exports}`
  );
}

/** `validators.d.ts`. */
export function emitValidatorTypes({ exported }: ValidatorSet, { header }: EmitOptions): string {
  const file = new TextFile({ taken: exported });
  const type = exported.length === 0 ? "" : file.use(runtimeType("Validator"));
  file.write(exported.map((name) => `export declare const ${name}: ${type};\n`).join("") || "export {};\n");
  return file.print(header);
}
