// The defaults that `sshrpc config` prints for options of a server without a flag, from the table of options.
import type { readReference } from "./pages.js";

const INTERFACES = [
  "ServeOptions",
  "ApiServerOptions",
  "AuditOptions",
  "GuardOptions",
  "AuthOptions",
  "ForwardingOptions",
] as const;

/** The text of a module. */
export function formatDefaults({ options }: Awaited<ReturnType<typeof readReference>>): string {
  const rows = INTERFACES.flatMap((name) => options[name]).flatMap(({ name, default: text }) =>
    text === undefined ? [] : [`  ${name}: ${JSON.stringify(text.replaceAll("`", ""))},\n`],
  );
  return `/** The defaults of options of a server, as the documentation has them. \`npm run docs\` writes this file. */
// biome-ignore format: generated.
export const OPTION_DEFAULTS: Readonly<Record<string, string>> = {
${rows.join("")}};
`;
}
