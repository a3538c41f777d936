// `npm run build`: packs both packages, and checks what a user would get: the exports, and the types behind them.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const OUT = "packages";

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT);
run("npm", ["pack", "--silent", "--workspaces", "--pack-destination", OUT]);
for (const tarball of readdirSync(OUT).map((name) => join(OUT, name))) {
  run("npx", ["publint", "run", "--strict", tarball]);
  run("npx", ["attw", "--profile", "esm-only", tarball]);
}

function run(command, args) {
  console.log(`$ ${command} ${args.join(" ")}`);
  execFileSync(command, args, { stdio: "inherit" });
}
