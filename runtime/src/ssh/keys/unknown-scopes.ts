import { nearest } from "../../contract/nearest.js";
import { grants } from "../../peer.js";
import { printable } from "../printable.js";
import type { AuthorizedKey } from "./authorized-keys.js";

/** Texts that are looked at for what was meant; a file may hold any number of others. */
const MAX_HINTS = 100;

/**
 * Names the scopes and patterns that are granted and that no method asks for, each as `file:line: what`: most are
 * misspelled. `*` is never one of them.
 */
export function unknownScopes(keys: readonly AuthorizedKey[], asked: readonly string[]): string[] {
  // A pattern is near to what its writer meant where what stands before the star is.
  const patterns = asked.map((scope) => `${scope.replace(/[^:]*$/, "")}*`);
  const remarks = new Map<string, string>();
  return keys.flatMap(({ grant, place }) =>
    grant.scopes
      .filter((scope) => scope !== "*" && !asked.some((name) => grants([scope], name)))
      .map((scope) => {
        const remark = remarks.get(scope) ?? describe(scope, remarks.size < MAX_HINTS ? [...asked, ...patterns] : []);
        remarks.set(scope, remark);
        return `${place}: ${remark}`;
      }),
  );
}

function describe(scope: string, candidates: readonly string[]): string {
  const meant = nearest(scope, candidates);
  return `no method asks for the scope "${printable(scope, 60)}"${meant === undefined ? "" : `; did you mean "${meant}"?`}`;
}
