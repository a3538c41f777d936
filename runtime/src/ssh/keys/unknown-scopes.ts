import { nearest } from "../../contract/nearest.js";
import { grants } from "../../peer.js";
import { printable } from "../printable.js";

/** Where scopes are granted, for messages. */
export interface ScopeGrant {
  readonly grant: { readonly scopes: readonly string[] };
  /** Such as `file:line`. */
  readonly place: string;
}

/** Texts that are looked at for what was meant; a file may hold any number of others. */
const MAX_HINTS = 100;

/**
 * Names the scopes and patterns that are granted and that no method asks for, each as `file:line: what`: most are
 * misspelled. `*` is never one of them.
 */
export function unknownScopes(keys: readonly ScopeGrant[], asked: readonly string[]): string[] {
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
