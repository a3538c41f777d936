import type { Catalog } from "../catalog/catalog.js";

/** Programs that stock clients run on the other side: `scp -O`, `sftp -s`, `rsync`, `git clone`. */
const PROGRAM =
  /^(?:\S*\/)?(scp|sftp-server|internal-sftp|rsync|git-upload-pack|git-receive-pack|git-upload-archive)(?:\s|$)/;

/** The program of a command line that copies files, which this server does not have. */
export function fileProgram(line: string): string | undefined {
  return PROGRAM.exec(line)?.[1];
}

/** Says how to copy files instead: with the methods that stream raw bytes and that the peer may call. */
export function insteadOf(program: string, { methods }: Catalog): string {
  const commands = methods.flatMap(({ id, responseItem, requestItem }) => {
    const command = `ssh HOST ${id.replace(/\{(\w+)\}/g, (_, name: string) => name.toUpperCase())}`;
    const redirects = `${requestItem === "bytes" ? " < FILE" : ""}${responseItem === "bytes" ? " > FILE" : ""}`;
    return redirects === "" ? [] : [`  ${command}${redirects}\n`];
  });
  const how = commands.length > 0 ? `copy files with\n${commands.join("")}` : "it has no methods that copy files\n";
  return `${program} is not available on this server; ${how}`;
}
