import type { ts } from "ts-morph";
import type { Doc } from "../../model/hint.js";
import { compiler } from "./compiler.js";

/** The JSDoc of a declaration or a property. Tags other than `@deprecated` and `@since` remain in the description. */
export function docOf(node: ts.Node): Doc {
  const comments = compiler.getJSDocCommentsAndTags(node).filter(compiler.isJSDoc);
  const comment = comments.at(-1);
  if (comment === undefined) return {};
  const lines = [text(comment.comment)];
  let deprecated: boolean | string | undefined;
  let since: string | undefined;
  for (const tag of comment.tags ?? []) {
    const body = text(tag.comment);
    if (tag.tagName.text === "deprecated") deprecated = body === "" ? true : body;
    else if (tag.tagName.text === "since" && body !== "") since = body;
    else lines.push(`\n@${tag.tagName.text} ${body}`.trimEnd());
  }
  const description = lines.join("\n").trim();
  return {
    ...(description === "" ? {} : { description }),
    ...(deprecated === undefined ? {} : { deprecated }),
    ...(since === undefined ? {} : { since }),
  };
}

function text(comment: string | ts.NodeArray<ts.JSDocComment> | undefined): string {
  return (compiler.getTextOfJSDocComment(comment) ?? "").replaceAll("\r\n", "\n").trim();
}
