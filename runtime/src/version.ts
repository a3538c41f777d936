import { readFileSync } from "node:fs";

const { name, version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  name: string;
  version: string;
};

/** The version of this package. */
export const VERSION: string = version;

/** What this program calls itself in HELLO. */
export const AGENT: string = `${name}/${version}`;
