import { type EmitOptions, NOT_FORMATTED, type Target } from "../target.js";
import { printJson } from "./print-json.js";

/** The contract as JSON (`api.json`), and as a JavaScript module (`contract.js`, `contract.d.ts`). */
export const contractTarget: Target = {
  name: "contract",
  emit(_model, { contract, header }: EmitOptions) {
    const json = printJson(contract);
    return new Map([
      ["api.json", `${json}\n`],
      ["contract.d.ts", contractTypes(header)],
      ["contract.js", contractModule(json, header)],
    ]);
  },
};

/**
 * A program imports this module when it needs the contract. It is JavaScript because tools differ in how they import
 * JSON, and in whether they copy it to the build output.
 */
function contractModule(json: string, header: string): string {
  return (
    `// ${header}\n// biome-ignore-all lint: plain JSON\n// biome-ignore-all format: plain JSON\n` +
    `\n${NOT_FORMATTED}export const contract = ${json};\n`
  );
}

function contractTypes(header: string): string {
  return `// ${header}\nimport type { Contract } from "sshrpc/generated";\n\nexport declare const contract: Contract;\n`;
}
